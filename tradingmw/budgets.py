"""How much may one user ask to be changed? By his tier, and for cancels apart: news never use them up.

The same rules in each web process, as a first line that costs little, and in the order bridge, which every order passes
and which is one process: its figures are exact however many web processes there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import Final, NamedTuple

from tradingmw.env import Env
from tradingmw.token_buckets import Budget, TokenBuckets


class Tier(StrEnum):
    """Of which priority is a user? The lowest is refused first where there is not enough for all."""

    LOW = "low"
    STANDARD = "standard"
    HIGH = "high"


class Purse(StrEnum):
    """What is asked for: each is paid from a budget of its own."""

    WRITES = "writes"  #: new orders, changes, and everything else that is written
    CANCELS = "cancels"
    PREVIEWS = "previews"  #: what would become of an order; of writes, they use up nothing


class Pace(NamedTuple):
    """So many in the long run, so many at once."""

    per_second: int
    burst: int

    def percent(self, percent: int) -> Pace:
        """At least one."""
        return Pace(max(1, self.per_second * percent // 100), max(1, self.burst * percent // 100))


Paces = dict[tuple[Purse, Tier], Pace]
RANKS: Final = {tier: rank for rank, tier in enumerate(Tier)}


def paces_of(env: Env) -> Paces:
    """As the settings have them. Whoever trades may always get out: every tier cancels alike."""
    writes, cancels = Pace(env.writes_per_second, env.writes_burst), Pace(env.cancels_per_second, env.cancels_burst)
    percents = {Tier.LOW: env.low_tier_percent, Tier.STANDARD: 100, Tier.HIGH: env.high_tier_percent}
    of_writes = {(Purse.WRITES, tier): writes.percent(percent) for tier, percent in percents.items()}
    of_previews = {(Purse.PREVIEWS, tier): pace for (_, tier), pace in of_writes.items()}
    return {**of_writes, **of_previews, **{(Purse.CANCELS, tier): cancels for tier in Tier}}


class UserBudgets:
    """What users have left of each. `refused` counts."""

    def __init__(self, paces: Paces, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._buckets = {key: TokenBuckets(pace.per_second, pace.burst, monotonic) for key, pace in paces.items()}

    def take(self, user: Hashable, purse: Purse = Purse.WRITES, tier: Tier = Tier.STANDARD, tokens: int = 1) -> Budget:
        """So many tokens of `user`'s, or the refusal."""
        return self._buckets[purse, tier].take(user, tokens)

    @property
    def refused(self) -> int:
        return sum(buckets.refused for buckets in self._buckets.values())
