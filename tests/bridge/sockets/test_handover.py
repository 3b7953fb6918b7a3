"""Does everything that a thread has found out reach the loop, in its order, and the loop wake once for all of it?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import TypeVarTuple

import pytest

from bridge.sockets.handover import Handover
from tests.notifications.streams import until

Given = TypeVarTuple("Given")


class Counting(asyncio.SelectorEventLoop):
    """Counts how often other threads have called into it."""

    calls = 0

    def call_soon_threadsafe(
        self, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.Handle:
        self.calls += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


def test_what_comes_together_is_one_call_into_the_loop() -> None:
    handover, done = Handover(), list[int]()
    with asyncio.Runner(loop_factory=Counting) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Counting)
        for number in range(100):
            handover.hand(loop, partial(done.append, number))
        assert (done, loop.calls) == ([], 1)
        runner.run(until(lambda: len(done) == 100))
        assert done == list(range(100))


async def test_nothing_is_left_however_the_two_threads_meet() -> None:
    handover, done, loop = Handover(), list[int](), asyncio.get_running_loop()

    def find_out() -> None:
        for number in range(5_000):
            handover.hand(loop, partial(done.append, number))

    finding = threading.Thread(target=find_out)
    finding.start()
    await until(lambda: len(done) == 5_000)
    finding.join()
    assert done == list(range(5_000))


def test_a_loop_that_has_ended_is_told_of_each_time() -> None:
    handover, loop = Handover(), asyncio.new_event_loop()
    handover.hand(loop, lambda: None)
    loop.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="closed"):
            handover.hand(loop, lambda: None)
