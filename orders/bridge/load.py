"""Is there more to do than is done in time, and whose new orders are then refused at once? A pure controller.

Rather a clear refusal now than an answer after the deadline. The signals are how long the oldest new order has waited,
how long the next one would (passes of the core times what a pass takes), and how many wait. The measure rises at once
and falls a step at a time, after a while of calm: it does not swing. Cancels and orders that reduce a position are
never refused for it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orders.bridge.intake import BATCH_MAX, Backlog
from tradingmw.budgets import RANKS, Tier

#: pressure from which new orders of the lowest tier, the next one, … are refused
RISES: Final = (1.0, 1.3, 1.6)
CALM: Final = 0.5  #: below it the measure may fall
HOLD_SECONDS: Final = 1.0  #: of calm, for each step


class Bounds(NamedTuple):
    """What a pressure of 1 is."""

    wait_seconds: float
    waiting: int


class LoadGate:
    """`level`: new orders of so many tiers, the lowest first, are refused; 0: of none."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._calm_since = 0.0
        self.level = 0

    def look(self, backlog: Backlog, now_seconds: float) -> bool:
        """How it is now; whether the level is another. To be called often: it falls by this alone."""
        pressure, before = self.pressure(backlog), self.level
        if pressure >= CALM:
            self._calm_since = now_seconds
            self.level = max(self.level, sum(pressure >= step for step in RISES))
        elif self.level and now_seconds - self._calm_since >= HOLD_SECONDS:
            self._calm_since = now_seconds
            self.level -= 1
        return self.level != before

    def admits(self, tier: Tier) -> bool:
        return RANKS[tier] >= self.level

    def is_calm(self, waiting: int) -> bool:
        """One pass takes them all, and nobody counts so few as many."""
        return waiting <= BATCH_MAX and waiting < self._bounds.waiting

    def pressure(self, backlog: Backlog) -> float:
        """0 where one pass takes all that waits: then it is no backlog, however slow that pass is."""
        if self.is_calm(backlog.waiting):
            return 0.0
        expected_seconds = backlog.waiting / BATCH_MAX * backlog.pass_seconds
        wait = max(backlog.oldest_seconds, expected_seconds) / self._bounds.wait_seconds
        return max(wait, backlog.waiting / self._bounds.waiting)
