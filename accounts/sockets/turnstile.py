"""How soon after one another does the loop begin handshakes, and take leave of sockets? So that others have most of it.

The system reports all that has arrived at once. Four hundred clients that come together would otherwise have the loop
until each of them is let in or sent away, and again when they go together.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

ARRIVAL_SECONDS = 0.003  #: from one to the next: a handshake takes one millisecond, about
DEPARTURE_SECONDS = 0.001  #: and to take leave of a socket a third of one


class Turnstile:
    """One way through. Who waits here has, or had, a connection, so there are as many at most."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rest_seconds: float) -> None:
        self._loop, self._rest_seconds = loop, rest_seconds
        self._waiting: deque[Callable[[], object]] = deque()
        self._turning = False

    def enter(self, begin: Callable[[], object]) -> None:
        """Call `begin` in one of the next turns, after those that came before."""
        self._waiting.append(begin)
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    async def passed(self) -> None:
        """Wait for a turn."""
        mine: asyncio.Future[None] = self._loop.create_future()

        def let_in() -> None:
            if not mine.done():
                mine.set_result(None)

        self.enter(let_in)
        await mine

    def _turn(self) -> None:
        self._turning = bool(self._waiting)
        if self._turning:
            self._loop.call_later(self._rest_seconds, self._turn)
            self._waiting.popleft()()


class Turnstiles:
    """The two of an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.arrivals = Turnstile(loop, ARRIVAL_SECONDS)
        self.departures = Turnstile(loop, DEPARTURE_SECONDS)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Turnstiles] = WeakKeyDictionary()


def turnstiles(loop: asyncio.AbstractEventLoop) -> Turnstiles:
    return _of_loops.get(loop) or _of_loops.setdefault(loop, Turnstiles(loop))
