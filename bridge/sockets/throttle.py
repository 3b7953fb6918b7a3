"""May this be said again yet? Keeps a fault that repeats a thousand times a second from filling the log."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throttle:
    """True at most once per interval; safe enough from several threads (at worst a line is written twice)."""

    def __init__(self, interval_seconds: float = 5.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval_seconds = interval_seconds
        self._monotonic = monotonic
        self._next = float("-inf")

    def due(self) -> bool:
        now = self._monotonic()
        if now < self._next:
            return False
        self._next = now + self._interval_seconds
        return True
