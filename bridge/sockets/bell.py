"""How does a plain thread wake tasks that wait on event loops? Once per loop, however many tasks wait there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]


class Bell:
    """Tasks of any loop wait for a condition; whoever makes it true, in any thread, rings."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: deque[Waiter] = deque()

    @property
    def awaited(self) -> bool:
        return bool(self._waiters)

    async def wait(self, met: Callable[[], bool]) -> None:
        """Return once `met()`. It is asked again after the waiter is listed, so no ring between is missed."""
        loop = asyncio.get_running_loop()
        while not met():
            waiter = (loop, loop.create_future())
            self._waiters.append(waiter)
            try:
                if not met():
                    await waiter[1]
            finally:
                if not was_rung(waiter):
                    self._forget(waiter)

    async def wait_at_most(self, met: Callable[[], bool], seconds: float) -> bool:
        """Whether `met()` came true in time."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait(met)
        except TimeoutError:
            return met()
        return True

    def ring(self) -> None:
        wake(self.take())

    def take(self) -> list[Waiter]:
        """The waiters to `wake`, for callers who ring many bells at once."""
        taken: list[Waiter] = []
        while self._waiters:
            try:
                taken.append(self._waiters.popleft())
            except IndexError:  # another thread took the last one
                break
        return taken

    def _forget(self, waiter: Waiter) -> None:
        try:
            self._waiters.remove(waiter)
        except ValueError:
            return  # it was rung for


def was_rung(waiter: Waiter) -> bool:
    """Who is woken has been taken off the list before."""
    return waiter[1].done() and not waiter[1].cancelled()


def wake(waiters: Iterable[Waiter]) -> None:
    """Resume the waiting tasks: one call into each loop. A loop that was closed has nobody left to resume."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for loop, future in waiters:
        by_loop.setdefault(loop, []).append(future)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resume, futures)
        except RuntimeError:
            if not loop.is_closed():
                raise


def _resume(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
