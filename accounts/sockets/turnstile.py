"""How soon after one another does the loop begin handshakes? So that those who are in have most of it.

The system reports all that has arrived at once. Four hundred clients that come together would otherwise have the loop
until each of them is let in or sent away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

REST_SECONDS = 0.003  #: a handshake takes one millisecond, about


class Turnstile:
    """The one of an event loop. Who waits here has a connection, so there are as many at most."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], object]] = deque()
        self._turning = False

    def enter(self, begin: Callable[[], object]) -> None:
        """Call `begin` in one of the next turns, after those that came before."""
        self._waiting.append(begin)
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = bool(self._waiting)
        if self._turning:
            self._loop.call_later(REST_SECONDS, self._turn)
            self._waiting.popleft()()


_turnstiles: WeakKeyDictionary[asyncio.AbstractEventLoop, Turnstile] = WeakKeyDictionary()


def turnstile(loop: asyncio.AbstractEventLoop) -> Turnstile:
    return _turnstiles.setdefault(loop, Turnstile(loop))
