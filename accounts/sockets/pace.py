"""Does a client ask no faster than one process can share among all its clients?"""

from __future__ import annotations

import time
from collections.abc import Callable

from tradingmw.token_buckets import TokenBuckets

MESSAGES_PER_SECOND = 200
BURST_MESSAGES = 2_000
BYTES_PER_MESSAGE = 1_024  #: a larger one counts as several
TURN_MESSAGES = 4  #: so many of one socket are served before the others have their turn
TURN_SECONDS = 0.004  #: and how long that is: a flood takes a part of the loop, never all of it


class Pace:
    """The messages of one socket: `burst` at once, `per_second` in the long run."""

    def __init__(self, per_second: int, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._tokens = TokenBuckets(per_second, burst, monotonic)
        self._taken = 0

    def take(self, size: int = 0) -> bool:
        """One message more, of `size` bytes; False where it is one too many."""
        self._taken += 1
        return not self._tokens.take(None, 1 + size // BYTES_PER_MESSAGE).wait_seconds

    @property
    def turn_over(self) -> bool:
        """Is it time to let others have their turn?"""
        return self._taken % TURN_MESSAGES == 0
