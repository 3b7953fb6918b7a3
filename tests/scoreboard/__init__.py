"""What did this run prove of the scoreboard's forty checks? A pytest plugin; its figures become `docs/scoreboard.md`.

A test asks for the fixture `measured` and says which check it looked at, what it saw and what the limit is; the test
itself asserts the limit. The run ends with a table of all figures; `--scoreboard FILE` writes them as JSON, also with
parallel workers. `python -m tests.scoreboard FILE…` writes the page. Given a folder, each
run writes a file of its own into it: `dev.py test` runs pytest twice.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.machine import machine
from tests.scoreboard.checks import CHECKS
from tests.scoreboard.figures import Figure, Measured

__all__ = ["Figure", "Measured", "measured"]

PROPERTY = "scoreboard"  #: the name under which a figure travels in a test's report
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """`measured(16, "sockets closed", 0, "0")`: keep a figure for the scoreboard. The caller asserts the limit."""
    item = request.node

    def keep(check: int, what: str, value: object, limit: str) -> None:
        assert check in CHECKS, f"the scoreboard has no check {check}"
        item.user_properties.append((PROPERTY, {"check": check, "what": what, "limit": limit, "measured": str(value)}))

    return keep


class Collector:
    """Gathers the figures of all tests, those of parallel workers too."""

    def __init__(self, thorough: bool) -> None:
        self.figures: list[Figure] = []
        self._thorough = thorough
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test's three reports end with its teardown, which knows every figure."""
        if report.outcome != "passed":
            self._outcomes[report.nodeid] = report.outcome
        if report.when == "teardown":
            outcome = self._outcomes.get(report.nodeid, "passed")
            self.figures += [
                Figure(**value, test=report.nodeid, outcome=outcome, thorough=self._thorough)
                for name, value in report.user_properties
                if name == PROPERTY and isinstance(value, dict)
            ]

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        ordered = sorted(self.figures, key=lambda figure: (figure.check, figure.test))
        if ordered:
            terminalreporter.section("scoreboard")
            for line in table(ordered):
                terminalreporter.write_line(line)
        if file := config.getoption("--scoreboard"):
            written = {**circumstances(), "figures": [asdict(figure) for figure in ordered]}
            path = Path(file)
            path = path / f"{os.getpid()}.json" if path.is_dir() else path
            path.write_text(json.dumps(written, indent=1), encoding="utf-8")


def circumstances() -> dict[str, str]:
    """Of which commit, when and on what machine."""
    commit, changed = git("rev-parse", "--short", "HEAD"), git("status", "--porcelain", "--untracked-files=no")
    return {
        "commit": f"{commit or 'unknown'}{' and what was changed since' if changed else ''}",
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
    }


def git(*words: str) -> str:
    """What git says; nothing where this is no repository."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def table(figures: list[Figure]) -> list[str]:
    """A line per figure for the terminal."""
    return [
        f"{figure.check:>3}  {figure.what:<60.60}  {figure.measured:>16}  (limit {figure.limit})"
        + ("" if figure.outcome == "passed" else f"  {figure.outcome.upper()}")
        for figure in figures
    ]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scoreboard", metavar="FILE", help="write the scoreboard's figures as JSON; into a folder too")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a parallel worker: its controller gathers
        config.pluginmanager.register(Collector(config.getoption("--long", False)), "scoreboard-collector")
