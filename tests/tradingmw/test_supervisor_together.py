"""Do commands that run together end together?"""

from __future__ import annotations

import threading

from tradingmw.supervisor.together import run_together


def test_when_one_ends_the_others_are_stopped_and_its_code_is_told() -> None:
    assert run_together([["web", "--no-such-flag"], ["shell", "-c", "input()"]], threading.Event()) == 2


def test_a_stop_ends_all_without_a_fault() -> None:
    stop = threading.Event()
    stop.set()
    assert run_together([["shell", "-c", "import sys; sys.stdin.read()"]] * 2, stop) == 0
