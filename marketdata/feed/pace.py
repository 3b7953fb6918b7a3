"""How often do hubs want frames? As often as the busiest of them can pass them on."""

from __future__ import annotations

import time
from collections.abc import Callable

KEPT_SECONDS = 3.0  #: hubs say it each second; one that says nothing more has no wish


class Paces:
    """What each asker wants to lie between two flushes, at least."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._wanted: dict[bytes, tuple[float, float]] = {}  #: seconds, and when it was said

    def note(self, asker: bytes, seconds: float) -> None:
        self._wanted[asker] = (seconds, self._monotonic())

    def longest_seconds(self) -> float:
        """0 where nobody has a wish."""
        since = self._monotonic() - KEPT_SECONDS
        self._wanted = {asker: wish for asker, wish in self._wanted.items() if wish[1] > since}
        return max((seconds for seconds, _ in self._wanted.values()), default=0.0)
