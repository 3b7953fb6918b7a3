"""Whom or what does a limit or a trading state hold for?"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from orders.core.state import OrderState


class Scope(StrEnum):
    FIRM = "firm"  #: everybody
    DESK = "desk"
    USER = "user"
    SYMBOL = "symbol"


class Target(NamedTuple):
    """`key`: the id of a desk or a user as text, a symbol; empty for the firm."""

    scope: Scope
    key: str = ""


FIRM = Target(Scope.FIRM)


def targets_of(order: OrderState) -> Iterator[Target]:
    """All that the order falls under, the widest first."""
    yield FIRM
    if order.desk is not None:
        yield Target(Scope.DESK, str(order.desk))
    yield Target(Scope.USER, str(order.user))
    yield Target(Scope.SYMBOL, order.symbol)
