"""How much is left of a budget that fills again by itself? A token bucket per owner.

In the memory of one process, and atomic there.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

BUCKETS_MAX = 10_000  #: more and the full ones are forgotten: a full bucket is as good as none


class Budget(NamedTuple):
    """What a caller is told. `reset_seconds`: until the bucket is full; `wait_seconds` > 0: refused, until then."""

    limit: int
    remaining: int
    reset_seconds: int
    wait_seconds: float = 0.0


class TokenBuckets:
    """`burst` tokens each at first, `per_second` new ones up to that many. `refused` counts."""

    def __init__(self, per_second: int, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self._per_second, self._burst, self._monotonic = per_second, burst, monotonic
        self._missing: dict[Hashable, tuple[float, float]] = {}  #: tokens that each bucket lacked, and when
        self._lock = threading.Lock()

    def take(self, owner: Hashable, tokens: int = 1) -> Budget:
        """So many tokens of `owner`'s, or the refusal."""
        with self._lock:
            now = self._monotonic()
            missing = self._missing_now(self._missing.get(owner, (0.0, now)), now)
            granted = missing + tokens <= self._burst
            if granted:
                missing += tokens
                self._missing[owner] = (missing, now)
                self._forget_full(now)
            else:
                self.refused += 1
        wait_seconds = 0.0 if granted else (missing + tokens - self._burst) / self._per_second
        remaining = max(0, math.floor(self._burst - missing))
        return Budget(self._burst, remaining, math.ceil(missing / self._per_second), wait_seconds)

    def __len__(self) -> int:
        return len(self._missing)

    def _missing_now(self, before: tuple[float, float], now: float) -> float:
        missing, at = before
        return max(0.0, missing - (now - at) * self._per_second)

    def _forget_full(self, now: float) -> None:
        if len(self._missing) > BUCKETS_MAX:
            kept = {owner: before for owner, before in self._missing.items() if self._missing_now(before, now)}
            self._missing = kept
