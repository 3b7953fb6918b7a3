"""How is a system hurt between two of its steps, never within one? Its processes stand still at that moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import psutil

from tests.stack import wait_for

STILL_SECONDS = 10


@contextmanager
def standing_still(pids: Iterable[int]) -> Iterator[None]:
    """None of their threads is in the middle of a system call: what was under way has come to its end."""
    processes = [psutil.Process(pid) for pid in pids]
    with ExitStack() as resumed:
        for process in processes:
            process.suspend()
            resumed.callback(process.resume)
        wait_for(lambda: all(is_still(process) for process in processes), STILL_SECONDS, "processes that stand still")
        yield


def is_still(process: psutil.Process) -> bool:
    try:
        return all(psutil.Process(thread.id).status() == psutil.STATUS_STOPPED for thread in process.threads())
    except psutil.NoSuchProcess:
        return False  # a thread that ended meanwhile
