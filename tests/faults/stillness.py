"""How is a system hurt between two of its steps, never within one? Its processes stand still at that moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import psutil

LOOK_SECONDS = 0.001
STILL_SECONDS = 10


@contextmanager
def standing_still(pids: Iterable[int]) -> Iterator[None]:
    """None of their threads is in the middle of a system call: what was under way has come to its end."""
    processes = [psutil.Process(pid) for pid in pids]
    with ExitStack() as resumed:
        for process in processes:
            process.suspend()
            resumed.callback(process.resume)
        give_up_at = time.monotonic() + STILL_SECONDS
        while not all(is_still(process) for process in processes):
            assert time.monotonic() < give_up_at, "a process that was told to stand still did not"
            time.sleep(LOOK_SECONDS)
        yield


def is_still(process: psutil.Process) -> bool:
    try:
        return all(psutil.Process(thread.id).status() == psutil.STATUS_STOPPED for thread in process.threads())
    except psutil.NoSuchProcess:
        return False  # a thread that ended meanwhile
