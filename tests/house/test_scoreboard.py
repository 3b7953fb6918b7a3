"""Is the scoreboard true? Each figure belongs to a check, the rows are the table's, each test that it names exists."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.house.sources import ROOT
from tests.scoreboard.checks import CHECKS
from tests.scoreboard.figures import Figure
from tests.scoreboard.page import Run, State, measuring_calls, page

PAGE = ROOT / "docs" / "scoreboard.md"
SMALL_TESTS = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_small(measured, number):
    measured(16, "sockets closed", number, "0")
    assert number < 3

def test_skipped(measured):
    measured(17, "orders lost", 0, "0")
    pytest.skip("not here")
"""


def cells(text: str) -> list[list[str]]:
    """The cells of every row whose first one is a check's number."""
    return [row.split(" | ") for row in re.findall(r"^\| (\d+ \| .*?) \|?$", text, re.MULTILINE)]


WHOLE = next(number for number, check in CHECKS.items() if not check.missing and check.long)


def figure(check: int = WHOLE, outcome: str = "passed", measured: str = "0", thorough: bool = True) -> Figure:
    return Figure(check, "orders lost", "≤ 5 s", measured, "tests/faults/test_x.py::test_y[1]", outcome, thorough)


def test_there_are_forty_checks() -> None:
    assert list(CHECKS) == list(range(1, 41))


def test_every_check_that_a_test_measures_exists() -> None:
    assert {check: files for check, files in measuring_calls().items() if check not in CHECKS} == {}


def test_the_pages_rows_are_those_of_the_table() -> None:
    shown = {int(row[0]): (row[1], row[2]) for row in cells(PAGE.read_text(encoding="utf-8"))}
    assert shown == {number: (check.fault, check.limit) for number, check in CHECKS.items()}


def test_the_page_promises_nothing_that_no_test_measures() -> None:
    states = {int(row[0]): State(row[3]) for row in cells(PAGE.read_text(encoding="utf-8"))}
    claimed = {number for number, state in states.items() if state in (State.PASS, State.PART)}
    assert claimed <= measuring_calls().keys()
    assert [number for number in claimed if CHECKS[number].missing and states[number] is State.PASS] == []


def test_each_test_on_the_page_exists() -> None:
    named = set(re.findall(r"`([\w/]+\.py)::(?:\w+::)?(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert [
        f"{file}::{name}"
        for file, name in sorted(named)
        if not (ROOT / "tests" / file).exists() or f"def {name}(" not in (ROOT / "tests" / file).read_text("utf-8")
    ] == []


@pytest.mark.parametrize(
    ("figures", "state"),
    [
        ([figure()], State.PASS),
        ([figure(), figure(outcome="failed")], State.FAIL),
        ([figure(), figure(measured="5.1")], State.PART),
        ([figure(), figure(thorough=False)], State.PART),
        ([], State.NOT_RUN),
    ],
)
def test_a_check_is_as_good_as_its_worst_figure(figures: list[Figure], state: State) -> None:
    assert Run(figures, []).state(WHOLE) is state


@pytest.mark.parametrize(
    ("measured", "limit", "is_past"),
    [
        ("0 of 75", "0", False),
        ("1 of 75", "0", True),
        ("2.4 (14 ms)", "≤ 2", True),
        ("100.0% of 110", "≥ 99 %", False),
        ("98.2% of 110", "≥ 99 %", True),
        ("+3.1 MiB", "+20 MiB", False),
        ("-3.1 MiB", "+20 MiB", False),
        ("10,001", "≤ 10,000", True),
        ("[4500, 4500]", "4500", False),
        ("60 of 60", "all", False),
    ],
)
def test_a_figure_past_its_limit_is_seen(measured: str, limit: str, is_past: bool) -> None:
    assert Figure(1, "…", limit, measured, "test", "passed").is_past_limit is is_past


def test_a_check_with_a_part_missing_never_passes() -> None:
    part = next(number for number, check in CHECKS.items() if check.missing)
    assert Run([figure(part)], []).state(part) is State.PART


def test_what_one_test_saw_several_times_stands_in_one_row() -> None:
    seen = [Figure(16, "orders lost", "0", value, f"tests/x.py::test_y[{value}]", "passed") for value in ("0", "1")]
    assert "| orders lost | 0 | 0 · **1** | `x.py::test_y` |" in page(Run(seen, ["a note"]))


def test_figures_come_from_parallel_workers_with_the_outcome_of_their_test(tmp_path: Path) -> None:
    (tmp_path / "test_small.py").write_text(SMALL_TESTS, encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.scoreboard",
        "-p",
        "xdist",
        "-p",
        "no:cacheprovider",
        "-n",
        "1",
    ]
    words += ["--rootdir", str(tmp_path), "-c", os.devnull, "--scoreboard", str(tmp_path / "run.json"), str(tmp_path)]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(words, cwd=ROOT, env=alone, capture_output=True, text=True)
    assert "1 failed, 3 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert re.search(r"16 +sockets closed +3 +\(limit 0\) +FAILED", done.stdout)
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert {"commit", "at", "machine"} < found.keys()
    outcomes = {(row["check"], row["measured"]): row["outcome"] for row in found["figures"]}
    passed = {(16, str(number)): "passed" for number in range(3)}
    assert outcomes == {**passed, (16, "3"): "failed", (17, "0"): "skipped"}
    assert [row.check for row in Run.read([tmp_path / "run.json"]).figures] == [16] * 4


def test_what_a_test_saw_in_a_later_run_takes_the_place_of_all_it_saw_before(tmp_path: Path) -> None:
    """A longer form counts otherwise, and its sentences are others."""
    seen = {"short": [("of 300", "passed")], "long": [("of 1000", "passed")], "again": [("of 9", "skipped")]}
    for name, rows in seen.items():
        figures = [asdict(Figure(WHOLE, what, "0", "0", "tests/x.py::test_y", outcome)) for what, outcome in rows]
        run = {"commit": "c", "at": "now", "machine": "m", "figures": figures}
        (tmp_path / name).write_text(json.dumps(run), encoding="utf-8")
    assert [figure.what for figure in Run.read([tmp_path / name for name in seen]).figures] == ["of 1000"]
