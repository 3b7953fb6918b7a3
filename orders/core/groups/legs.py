"""What kinds of group are there, and what is an order in one? A group is known by the words of its orders alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class GroupKind(StrEnum):
    """How the orders of a group depend on each other."""

    OCO = "oco"  #: one cancels the others: they trade one quantity between them
    OTO = "oto"  #: one triggers the others: they are sent when it has ended with fills
    BRACKET = "bracket"  #: an entry triggers a take-profit and a stop-loss, which are an OCO


class Leg(StrEnum):
    """What an order is in its group; the public word, at most 12 characters."""

    ONE_OF = "one_of"  #: of an OCO
    PARENT = "parent"
    CHILD = "child"
    ENTRY = "entry"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"


TRIGGERS: Final = frozenset({Leg.PARENT, Leg.ENTRY})
EXITS: Final = frozenset({Leg.TAKE_PROFIT, Leg.STOP_LOSS})
DEPENDENTS: Final = EXITS | {Leg.CHILD}
SHARING: Final = EXITS | {Leg.ONE_OF}  #: what one of them trades, the others do not trade any more

KINDS: Final = {
    Leg.ONE_OF: GroupKind.OCO,
    Leg.PARENT: GroupKind.OTO,
    Leg.CHILD: GroupKind.OTO,
    Leg.ENTRY: GroupKind.BRACKET,
    Leg.TAKE_PROFIT: GroupKind.BRACKET,
    Leg.STOP_LOSS: GroupKind.BRACKET,
}


def kind_of(leg: str) -> GroupKind:
    """The kind of group in which there is such an order."""
    return KINDS[Leg(leg)]
