"""Does a client ask no faster than one process can share among all its clients?"""

from __future__ import annotations

import time
from collections.abc import Callable

MESSAGES_PER_SECOND = 5_000
BURST_MESSAGES = 10_000
TURN_MESSAGES = 16  #: so many of one socket are served before the others have their turn


class Pace:
    """A token bucket: `BURST_MESSAGES` at once, `MESSAGES_PER_SECOND` in the long run."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(BURST_MESSAGES)
        self._at_seconds = clock()
        self._taken = 0

    def take(self) -> bool:
        """One message more; False where it is one too many."""
        now = self._clock()
        self._left = min(BURST_MESSAGES, self._left + (now - self._at_seconds) * MESSAGES_PER_SECOND)
        self._at_seconds = now
        self._taken += 1
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def turn_over(self) -> bool:
        """Is it time to let others have their turn?"""
        return self._taken % TURN_MESSAGES == 0
