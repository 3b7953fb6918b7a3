"""When does a price meet the condition of an alert? Pure: no clock, no database, no market.

The price is the price of the last trade. An instrument that only has quotes has no such price, and none of its alerts
fires before it has traded: a midpoint is nobody's price, and a wide quote would fire at random.

All three conditions are strict: at the target itself nothing has happened yet.

    above    a price beyond the target, upwards; where it is beyond already when the alert is armed, it fires at once
    below    the same, downwards
    cross    prices on both sides of the target since the alert was armed, in either direction

So which condition an alert has matters only until its `Side` is known: from then on a cross waits for a price above
the target (as `above` does) or below it (as `below` does). And since only the highest and the lowest price of a
stretch matter, and not their order, looks may be merged without changing what fires.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple
from uuid import UUID


class Condition(StrEnum):
    """What must the last price do?"""

    ABOVE = "above"
    BELOW = "below"
    CROSS = "cross"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(condition.value, condition.value) for condition in cls]


class Side(IntEnum):
    """Where have the prices been since the alert was armed, seen from its target?"""

    BELOW = -1
    UNKNOWN = 0  #: nowhere but at the target itself, or no price was seen yet
    ABOVE = 1

    @classmethod
    def choices(cls) -> list[tuple[int, str]]:
        return [(side.value, side.name.lower()) for side in cls]


class Look(NamedTuple):
    """What is new of a symbol's last price: the newest, the highest and the lowest since the look before.

    `day_high_e8`, `day_low_e8`: the extremes of the trading day as the engine has them; 0 where there are none.
    """

    last_e8: int
    high_e8: int
    low_e8: int
    day_high_e8: int = 0
    day_low_e8: int = 0

    def then(self, newer: Look) -> Look:
        """Both as one look."""
        high, low = max(self.high_e8, newer.high_e8), min(self.low_e8, newer.low_e8)
        return newer._replace(high_e8=high, low_e8=low)

    def since(self, day_high_e8: int, day_low_e8: int) -> Look:
        """With what the day's extremes add, for one who knew those given and saw nothing in between."""
        high, low = self.high_e8, self.low_e8
        if self.day_high_e8 > day_high_e8 > 0:
            high = max(high, self.day_high_e8)
        if 0 < self.day_low_e8 < day_low_e8:
            low = min(low, self.day_low_e8)
        return self._replace(high_e8=high, low_e8=low)

    def now(self) -> Look:
        """Only the newest price: what an alert sees that is armed at this moment."""
        return self._replace(high_e8=self.last_e8, low_e8=self.last_e8)


class Armed(NamedTuple):
    """An alert that waits. Whoever changes it arms it anew, under the next `arming`, and each arming fires once."""

    id: UUID
    arming: int
    symbol: str
    condition: Condition
    target_e8: int
    side: Side = Side.UNKNOWN

    def seen(self, look: Look) -> Armed:
        """The same after `look`: a cross with its side, where that is known now."""
        if self.side or self.condition is not Condition.CROSS:
            return self
        return self._replace(side=side_of(self.target_e8, look))

    @property
    def waits_for(self) -> Side:
        """The side of the target on which a price makes it fire; UNKNOWN for a cross that has no side yet."""
        match self.condition:
            case Condition.ABOVE:
                return Side.ABOVE
            case Condition.BELOW:
                return Side.BELOW
            case Condition.CROSS:
                return Side(-self.side)


def side_of(target_e8: int, look: Look) -> Side:
    """The side of `target_e8` on which the prices of `look` are; a look at both sides makes a cross fire instead."""
    if look.high_e8 > target_e8:
        return Side.ABOVE
    return Side.BELOW if look.low_e8 < target_e8 else Side.UNKNOWN


def fires(alert: Armed, look: Look) -> bool:
    """Do the prices of `look` meet the condition of `alert`?"""
    match alert.waits_for:
        case Side.ABOVE:
            return look.high_e8 > alert.target_e8
        case Side.BELOW:
            return look.low_e8 < alert.target_e8
        case Side.UNKNOWN:
            return look.low_e8 < alert.target_e8 < look.high_e8
