"""Does a process die where it is told to, once, and nowhere else?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.stack import ROOT
from tradingmw.crash_points import EXIT_CODE, Crash, CrashPoint, crash_point, crashes
from tradingmw.env import Env

PROGRAM = """
import sys
from pathlib import Path
from tradingmw.crash_points import CrashPoint, arm, crash_point
arm(sys.argv[1], Path(sys.argv[2]))
for number in range(1, 5):
    print(number, flush=True)
    crash_point(CrashPoint.BATCH_TAKEN)
    crash_point(CrashPoint.COMMAND_SENT)
"""


def run(crash_at: str, directory: Path) -> tuple[int, int]:
    """(exit code, the number it came to)"""
    words = [sys.executable, "-c", PROGRAM, crash_at, str(directory)]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.returncode, int(ran.stdout.splitlines()[-1])


def test_a_process_dies_at_its_point_once_in_a_data_directory(tmp_path: Path) -> None:
    where = "batch.taken:3, command.sent:4"
    assert run(where, tmp_path) == (EXIT_CODE, 3)
    assert run(where, tmp_path) == (EXIT_CODE, 4)
    assert run(where, tmp_path) == (0, 4)


def test_without_a_count_it_dies_the_first_time(tmp_path: Path) -> None:
    assert crashes("web.asked") == [Crash(CrashPoint.WEB_ASKED, 1)]
    assert run("command.sent", tmp_path) == (EXIT_CODE, 1)


def test_a_process_that_is_not_told_to_passes_every_point() -> None:
    for point in CrashPoint:
        crash_point(point)


@pytest.mark.parametrize("text", ["nowhere", "web.asked:x", "web.asked:-1", "batch.taken:1;web.asked"])
def test_a_point_that_does_not_exist_is_named_before_anything_starts(text: str) -> None:
    with pytest.raises(ValidationError, match=f"{text}.*points are web.checked"):
        Env(crash_at=text)


def test_production_does_not_start_with_one() -> None:
    with pytest.raises(ValidationError, match="TMW_CRASH_AT must not be set"):
        Env(environment="production", crash_at="web.asked")  # type: ignore[arg-type]
