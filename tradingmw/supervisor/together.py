"""How do a few commands run side by side so that none outlives another?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event

from tradingmw.supervisor.process import ChildProcess, manage

POLL_SECONDS = 0.1
STOP_SECONDS = 8.0


def run_together(commands: Sequence[Sequence[str]], stop: Event) -> int:
    """Run `manage.py` commands until `stop` is set or one ends; then stop all.

    Returns the exit code: 0 when asked to stop, else that of the one that ended (never 0).
    """
    children = [ChildProcess(manage(command), {}, on_lines=None) for command in commands]
    while not stop.wait(POLL_SECONDS) and all(child.exit_code is None for child in children):
        continue
    ended = [child.exit_code for child in children if child.exit_code is not None]
    stop_all(children, STOP_SECONDS)
    return next((code or 1 for code in ended), 0)


def stop_all(children: Sequence[ChildProcess], seconds: float, at_once: Event | None = None) -> list[ChildProcess]:
    """Ask all to stop, wait at most `seconds` for all of them together, kill the rest; returns those it had to kill."""
    for child in children:
        child.request_stop()
    deadline = time.monotonic() + seconds
    while any(child.exit_code is None for child in children) and time.monotonic() < deadline:
        if (at_once or Event()).wait(0.02):
            break
    stubborn = [child for child in children if child.exit_code is None]
    for child in stubborn:
        child.kill()
    for child in children:
        child.wait(2.0)
    return stubborn
