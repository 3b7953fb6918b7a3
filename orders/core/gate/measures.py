"""How far does an order go, by each rule that is held against a number? None where the rule does not apply to it.

A change is held against a limit only where it brings more of what the limit bounds: one that brings less always passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from orders.core.gate.case import Case
from orders.core.gate.exposure import NO_TERMS, Key, worth_of
from orders.core.gate.prices import beyond_market_e4
from orders.core.limits import Limit, Rule
from orders.core.state import OrderState

E12: Final = 10**12  #: between 10⁻¹⁶ and 10⁻⁴
Measure = Callable[[Case, Limit], int | None]


def up_e4(amount_e16: int) -> int:
    """Rounded up: what is over a limit is never shown to be at it."""
    return -(-amount_e16 // E12)


def order_quantity(case: Case, _limit: Limit) -> int | None:
    return case.order.quantity_e8 if case.grows else None


def order_notional(case: Case, _limit: Limit) -> int | None:
    after_e16 = notional_e16(case.order)
    if case.before is not None and after_e16 <= notional_e16(case.before):
        return None
    return up_e4(after_e16)


def notional_e16(order: OrderState) -> int:
    return order.quantity_e8 * worth_of(order, NO_TERMS)


def price_collar(case: Case, _limit: Limit) -> int | None:
    beyond_e4 = beyond_market_e4(case.order, case.mark)
    if case.before is None or case.grows or beyond_e4 is None:
        return beyond_e4
    before_e4 = beyond_market_e4(case.before, case.mark)
    return beyond_e4 if before_e4 is None or beyond_e4 > before_e4 else None


def position(case: Case, limit: Limit) -> int | None:
    if not (case.adds.buy_e8 or case.adds.sell_e8):
        return None
    return case.at_worst_e8(case.key_in_symbol(limit), case.adds)


def open_notional(case: Case, limit: Limit) -> int | None:
    if case.adds.notional_e16 <= 0:
        return None
    return up_e4(case.sums(case.key_of(limit)).notional_e16 + case.adds.notional_e16)


def open_orders(case: Case, limit: Limit) -> int | None:
    return case.sums(case.key_of(limit)).orders + case.adds.orders if case.adds.orders else None


def placed(count: Callable[[Case, Key], int]) -> Measure:
    """What counts orders as they are placed: a change is none, and one that was kept back has been counted."""

    def measured(case: Case, limit: Limit) -> int | None:
        return count(case, case.key_of(limit)) + 1 if case.before is None and case.counts_as_placed else None

    return measured


def canceled_today(case: Case, limit: Limit) -> int | None:
    """Who cancels too much places nothing new; a cancel itself is never refused."""
    return case.draft.gate.tempo.canceled(case.key_of(limit)) if case.before is None else None


MEASURES: Final[Mapping[Rule, Measure]] = {
    Rule.MAX_ORDER_QUANTITY: order_quantity,
    Rule.MAX_ORDER_NOTIONAL: order_notional,
    Rule.PRICE_COLLAR: price_collar,
    Rule.MAX_POSITION: position,
    Rule.MAX_OPEN_NOTIONAL: open_notional,
    Rule.MAX_OPEN_ORDERS: open_orders,
    Rule.ORDER_RATE: placed(lambda case, key: case.draft.gate.tempo.rate(key)),
    Rule.MAX_DAILY_ORDERS: placed(lambda case, key: case.draft.gate.tempo.of_day(key)),
    Rule.MAX_DAILY_CANCELS: canceled_today,
    Rule.DUPLICATE_ORDERS: placed(
        lambda case, key: case.draft.gate.tempo.alike(case.order, key._replace(symbol=case.order.symbol))
    ),
}
