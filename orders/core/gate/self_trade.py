"""Would an order trade with an open one of the same owner? It is stopped before it does; what rests stays."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.wire.vocabulary import OrderType, Side
from orders.core.gate.case import Case
from orders.core.gate.prices import meeting_e8
from orders.core.limits import Limit
from orders.core.scopes import Scope
from orders.core.state import OrderState

RESTING = frozenset({OrderType.LIMIT})  #: a stop is in no book until it is triggered
ANSWERS, CROSSES = "none", "crosses"


def word_of(case: Case, limit: Limit) -> str:
    """In `rules[].value`: one's own order that it would meet, or only that it would meet one."""
    met = next(crossed(case, limit), None)
    if met is None:
        return ANSWERS
    return met.client_order_id if met.account == case.order.account else CROSSES


def crossed(case: Case, limit: Limit) -> Iterator[OrderState]:
    """Open orders of the limit's target, on the other side, that the order's price reaches."""
    order, key = case.order, case.key_in_symbol(limit)
    sums = case.sums(key)
    against_e8 = sums.sell_e8 if order.side is Side.BUY else sums.buy_e8
    most_e8 = reach_e8(case)
    if not against_e8 or most_e8 is None:  # nearly always: nobody has to look at each order
        return
    for other in case.draft.orders.values():
        opposite = other.symbol == order.symbol and other.side is not order.side and is_resting(other)
        if (
            opposite
            and is_owned(other, order, limit.target.scope)
            and reaches(order.side, most_e8, other.price_e8 or 0)
        ):
            yield other


def reach_e8(case: Case) -> int | None:
    """The worst price at which it would trade now; None where it would not, or nobody knows."""
    order = case.order
    if order.order_type is OrderType.MARKET:
        return meeting_e8(case.mark, order.side)
    return order.price_e8 if order.order_type in RESTING else None


def is_resting(other: OrderState) -> bool:
    return not other.final and not other.held and other.order_type in RESTING


def is_owned(other: OrderState, order: OrderState, scope: Scope) -> bool:
    if scope is Scope.USER:
        return other.account == order.account
    return scope is not Scope.DESK or (other.desk == order.desk and other.desk is not None)


def reaches(side: Side, most_e8: int, price_e8: int) -> bool:
    return most_e8 >= price_e8 if side is Side.BUY else most_e8 <= price_e8
