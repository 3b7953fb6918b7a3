"""Is a directory held by one process at a time, and free again however its holder ended?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT
from tradingmw.file_lock import FileLock, HeldByAnother

HOLD = """
import sys, pathlib
from tradingmw.file_lock import FileLock
with FileLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold_elsewhere(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    holder = hold_elsewhere(tmp_path / "up.lock")
    with pytest.raises(HeldByAnother) as refused, FileLock(tmp_path / "up.lock"):
        pass
    assert refused.value.pid == holder.pid
    holder.communicate(timeout=20)


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    holder = hold_elsewhere(tmp_path / "up.lock")
    holder.kill()
    holder.communicate(timeout=20)
    with FileLock(tmp_path / "up.lock"):
        assert (tmp_path / "up.lock").read_text() == str(os.getpid())


def test_a_child_of_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    with FileLock(tmp_path / "up.lock"):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    with FileLock(tmp_path / "up.lock"):
        child.communicate(b"\n", timeout=20)
