"""Which clients have read nothing at all for too long? A look at every connection of the process, twice a second.

While a connection is paused, or closing, nothing is added to what waits for it: so what waits shrinks, or the client
reads nothing.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from tradingmw.metrics import SOCKET_UNSENT_LONGEST

LOOK_EVERY_SECONDS = 0.5


class Stall(NamedTuple):
    """So many bytes have waited since then (the loop's clock)."""

    unsent: int
    since: float


class Guarded(Protocol):
    """What the watch needs of a connection."""

    def look(self, now: float) -> int:
        """Judge whether the client reads, on the loop thread; how many bytes wait for it."""


class StallWatch:
    """The connections of one event loop. Looks while there are any."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.unsent_longest = 0  #: bytes that waited for one connection at the last look
        self._loop = loop
        self._guarded: set[Guarded] = set()
        self._next: asyncio.TimerHandle | None = None
        SOCKET_UNSENT_LONGEST.read_from(lambda: self.unsent_longest)

    def add(self, one: Guarded) -> None:
        self._guarded.add(one)
        if self._next is None:
            self._plan()

    def discard(self, one: Guarded) -> None:
        self._guarded.discard(one)

    def _plan(self) -> None:
        self._next = self._loop.call_later(LOOK_EVERY_SECONDS, self._look) if self._guarded else None

    def _look(self) -> None:
        self._plan()
        now = self._loop.time()
        self.unsent_longest = max((one.look(now) for one in tuple(self._guarded)), default=0)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, StallWatch] = WeakKeyDictionary()


def stall_watch(loop: asyncio.AbstractEventLoop) -> StallWatch:
    """The watch of `loop`."""
    if loop not in _watches:
        _watches[loop] = StallWatch(loop)
    return _watches[loop]
