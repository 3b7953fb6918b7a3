"""Where can a process be made to die? At the named steps of an order's way, to see what is left there.

`TMW_CRASH_AT=orders.committed:3,web.asked` ends the process that comes to the step, as `kill -9` would: the third time
it comes to the one, the first time to the other. Each happens once in a data directory, so that the part that is
started again goes on. Refused in production.
"""

from __future__ import annotations

import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

logger = logging.getLogger(__name__)
EXIT_CODE: Final = 137  #: what a shell says of a process that was killed


class CrashPoint(StrEnum):
    """As an order comes to them; `orders.*` are of batches with requests, `reports.*` of those with reports."""

    WEB_CHECKED = "web.checked"  #: the request is understood; nobody was asked
    WEB_ASKED = "web.asked"  #: handed over to the order bridge
    REQUEST_READ = "request.read"
    BATCH_TAKEN = "batch.taken"
    ORDERS_DECIDED = "orders.decided"  #: in memory only
    ORDERS_BEGUN = "orders.begun"  #: in the transaction, the lease held
    ORDERS_WRITTEN = "orders.written"  #: every row, no commit
    ORDERS_COMMITTED = "orders.committed"  #: nothing has left
    HANDED_OVER = "batch.handed_over"  #: to the thread that owns the sockets
    COMMAND_LEAVING = "command.leaving"
    COMMAND_SENT = "command.sent"  #: nobody was answered
    ANSWERS_SENT = "answers.sent"  #: the sockets of the screens were not woken
    WEB_ANSWERED = "web.answered"  #: the bridge has answered; the caller does not know
    REPORT_READ = "report.read"
    REPORTS_DECIDED = "reports.decided"
    REPORTS_BEGUN = "reports.begun"
    REPORTS_WRITTEN = "reports.written"
    REPORTS_COMMITTED = "reports.committed"


class Crash(NamedTuple):
    point: CrashPoint
    times: int  #: how often the process comes to the point, this time included


_armed: dict[CrashPoint, int] = {}
_marks: list[Path] = []  #: the directory that remembers what has happened, once armed


def crashes(text: str) -> list[Crash]:
    """`point[:times],…`; ValueError naming what there is for a point that is not."""
    return [crash(word.strip()) for word in text.split(",") if word.strip()]


def crash(word: str) -> Crash:
    name, _, times = word.partition(":")
    if name not in set(CrashPoint) or not (times or "1").isdecimal():
        raise ValueError(f"{word}: give point or point:times; points are {', '.join(CrashPoint)}")
    return Crash(CrashPoint(name), int(times or "1"))


def arm(text: str, data_dir: Path) -> None:
    """From now on this process dies where `text` says, unless one has died there before."""
    _marks[:] = [data_dir / "run" / "crashed"]
    _armed.update({each.point: each.times for each in crashes(text) if not (_marks[0] / each.point).exists()})
    if _armed:
        logger.warning("This process is made to die", extra={"at": {str(point): n for point, n in _armed.items()}})


def crash_point(point: CrashPoint) -> None:
    """The process has come to this step."""
    if _armed and point in _armed:
        _count_down(point)


def _count_down(point: CrashPoint) -> None:
    _armed[point] -= 1
    if _armed[point] == 0:
        _marks[0].mkdir(parents=True, exist_ok=True)
        (_marks[0] / point).touch()
        logger.critical("This process dies as it was told to", extra={"at": str(point)})
        os._exit(EXIT_CODE)
