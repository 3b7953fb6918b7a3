"""Does a long-running command hear every way of being told to stop?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.stack import ROOT, WINDOWS

WAIT_FOR_STOP = """
from tradingmw.supervisor.stopping import stop_event
stop = stop_event()
print("up", flush=True)
while not stop.wait(0.05): pass
print("stopped", flush=True)
"""
NEVER_STOPS = """
from tradingmw.supervisor.stopping import stop_event
stop = stop_event(orphan_grace_seconds=0.1)
print("up", flush=True)
while True: stop.wait(0.05) and __import__("time").sleep(0.05)
"""


def start(program: str, *, supervised: bool) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMW_SUPERVISED": "1" if supervised else "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    return process


def end(process: subprocess.Popen[str]) -> tuple[str, int]:
    output, _ = process.communicate(timeout=20)
    return output, process.returncode


def test_the_end_of_standard_input_stops_a_supervised_command() -> None:
    process = start(WAIT_FOR_STOP, supervised=True)
    assert end(process) == ("stopped\n", 0)


def test_what_comes_in_before_the_end_of_standard_input_is_ignored() -> None:
    process = start(WAIT_FOR_STOP, supervised=True)
    assert process.stdin is not None
    process.stdin.write("noise\n" * 10_000)
    assert end(process) == ("stopped\n", 0)


@pytest.mark.skipif(WINDOWS, reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_stops_a_command_that_nobody_supervises(name: str) -> None:
    process = start(WAIT_FOR_STOP, supervised=False)
    process.send_signal(getattr(signal, name))
    assert process.stdout is not None and process.stdout.readline() == "stopped\n"
    assert end(process)[1] == 0


@pytest.mark.skipif(WINDOWS, reason="POSIX signals")
def test_a_second_signal_ends_a_command_that_does_not_stop() -> None:
    process = start(NEVER_STOPS, supervised=False)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    assert end(process)[1] in (-signal.SIGTERM, -signal.SIGINT)


def test_an_orphan_that_does_not_stop_ends_hard() -> None:
    process = start(NEVER_STOPS, supervised=True)
    assert end(process)[1] == 70
