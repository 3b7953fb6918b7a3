"""How does what a plain thread has found out reach event loops? With one call into each, however much there is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Handover:
    """Work for event loops, done there in its order. What comes before a loop has begun with it goes along.

    To call into a loop is to wake it: of many answers that come together only the first one does.
    """

    def __init__(self) -> None:
        self._waiting: dict[asyncio.AbstractEventLoop, list[Work]] = {}
        self._lock = threading.Lock()

    def hand(self, loop: asyncio.AbstractEventLoop, work: Work) -> None:
        """Have `work`, which must not raise, done on `loop`; RuntimeError where that has ended. From any thread."""
        with self._lock:
            if loop.is_closed():
                self._waiting.pop(loop, None)
            waiting = self._waiting.setdefault(loop, [])
            waiting.append(work)
            if len(waiting) > 1:
                return
        try:
            loop.call_soon_threadsafe(self._do, loop)
        except RuntimeError:
            self._taken(loop)
            raise

    def _do(self, loop: asyncio.AbstractEventLoop) -> None:
        for work in self._taken(loop):
            work()

    def _taken(self, loop: asyncio.AbstractEventLoop) -> list[Work]:
        with self._lock:
            return self._waiting.pop(loop, [])
