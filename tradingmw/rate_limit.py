"""How much may one user ask to be changed? A token bucket per user; every REST write takes a token.

In this process only, and atomic there: several web processes each give their own budget. Reads are not limited here,
logins have limits of their own.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tradingmw.env import env
from tradingmw.metrics import LIMITED

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it asks for this module while it is being loaded

BUCKETS_MAX = 10_000  #: more and the full ones are forgotten: a full bucket is as good as none
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Budget(NamedTuple):
    """What a caller is told. `reset_seconds`: until the bucket is full; `wait_seconds` > 0: refused, until then."""

    limit: int
    remaining: int
    reset_seconds: int
    wait_seconds: float


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


@lru_cache(maxsize=1)
def write_buckets() -> TokenBuckets:
    """The budgets of this process, for REST and for sockets alike; owners are user ids."""
    buckets = TokenBuckets(env().writes_per_second, env().writes_burst)
    LIMITED.read_from(lambda: buckets.refused)
    return buckets


class WriteThrottle(BaseThrottle):
    """DRF's question for each request: has this user a token left? Reads and strangers pass."""

    _wait_seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.method in SAFE or not request.user.is_authenticated:
            return True
        budget = write_buckets().take(request.user.pk)
        vars(request._request)["write_budget"] = budget
        self._wait_seconds = budget.wait_seconds
        return not budget.wait_seconds

    def wait(self) -> float:
        return self._wait_seconds


def budget_headers(request: HttpRequest) -> dict[str, str]:
    """`RateLimit-*` of the write that `request` was; empty for others."""
    budget: Budget | None = vars(request).get("write_budget")
    return told_budget(budget) if budget else {}


def told_budget(budget: Budget) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(budget.limit),
        "RateLimit-Remaining": str(budget.remaining),
        "RateLimit-Reset": str(budget.reset_seconds),
    }
