"""Which of several beats fires? The one whose fence stands in the lease row.

The holder renews the row on every tick. Another beat takes it when the holder gave it back, or when its counter has
not moved for `EXPIRY_SECONDS` of the watcher's own monotonic clock: no two clocks are ever compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from django.db.models import F, QuerySet

from notifications.models import BeatLease

LEASE_ID: Final = 1
EXPIRY_SECONDS: Final = 3.0


class Fenced(Exception):
    """The lease is another's."""


class Sight(NamedTuple):
    """The row as it was when it last changed, and when (monotonic seconds) that was seen."""

    fence: int
    renewed: int
    at: float


class Lease:
    """One beat's view of the lease. `fence` is 0 while another holds it."""

    def __init__(self, holder: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.fence = 0
        self._holder = holder
        self._monotonic = monotonic
        self._sight: Sight | None = None

    def held(self) -> bool:
        """Renew it, or take it where it is free; whether it is ours now."""
        if self.fence and self._renewed():
            return True
        self.fence = 0
        return self._taken()

    def hold(self) -> None:
        """The first statement of a transaction that only the holder may commit; Fenced for everyone else."""
        if not self.fence or not self._renewed():
            self.fence = 0
            raise Fenced(f"{self._holder} does not hold the lease.")

    def give_back(self) -> None:
        """Let another take it at once."""
        self._mine().update(holder="")
        self.fence = 0

    def _mine(self) -> QuerySet[BeatLease]:
        return BeatLease.objects.filter(id=LEASE_ID, fence=self.fence)

    def _renewed(self) -> bool:
        return bool(self._mine().update(renewed=F("renewed") + 1))

    def _taken(self) -> bool:
        row, _ = BeatLease.objects.get_or_create(id=LEASE_ID)
        if row.holder and not self._expired(row):
            return False
        seen = BeatLease.objects.filter(id=LEASE_ID, fence=row.fence, renewed=row.renewed, holder=row.holder)
        if seen.update(fence=row.fence + 1, holder=self._holder, renewed=F("renewed") + 1):
            self.fence = row.fence + 1
        return bool(self.fence)

    def _expired(self, row: BeatLease) -> bool:
        if self._sight is None or (row.fence, row.renewed) != self._sight[:2]:
            self._sight = Sight(row.fence, row.renewed, self._monotonic())
        return self._monotonic() - self._sight.at >= EXPIRY_SECONDS
