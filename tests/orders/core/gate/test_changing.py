"""Is a change held against the limits by what it brings more, and by nothing else?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.vocabulary import ExecType, OrderType, Side
from orders.core.limits import Breach, Limit, Rule
from orders.core.outcomes import OrderReply, RefusalReply
from orders.core.scopes import FIRM
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import E8, Desk
from tests.orders.core.gate.sheets import E4, limit, live, refused

R = Rule
SHEETS: list[tuple[Limit, dict[str, Any], dict[str, Any]]] = [
    (limit(R.MAX_ORDER_QUANTITY, 120 * E8), {"quantity_e8": 120 * E8}, {"quantity_e8": 121 * E8}),
    (limit(R.MAX_ORDER_NOTIONAL, 18_000 * E4), {"quantity_e8": 120 * E8}, {"quantity_e8": 121 * E8}),
    (limit(R.MAX_POSITION, 120 * E8), {"quantity_e8": 120 * E8}, {"quantity_e8": 121 * E8}),
    (limit(R.MAX_OPEN_NOTIONAL, 18_000 * E4), {"price_e8": 180 * E8}, {"price_e8": 180 * E8 + 10**6}),
    (limit(R.PRICE_COLLAR, 10 * E4), {"price_e8": 165 * E8}, {"price_e8": 166 * E8}),
]


@pytest.mark.parametrize(("bound", "at_edge", "beyond"), SHEETS)
def test_a_change_may_go_to_the_edge(bound: Limit, at_edge: dict[str, Any], beyond: dict[str, Any]) -> None:
    desk = live(bound)
    order = desk.acknowledged()
    draft = desk.do(desk.replace_input(order.id, **beyond))
    code, rules = refused(draft)
    assert (code, [rule["rule"] for rule in rules]) == ("RISK_LIMIT", [bound.rule.value])
    assert (draft.audits[-1].action, draft.audits[-1].details["rules"]) == ("order.replace_denied", rules)
    assert desk.now(order) == order
    assert desk.replace(order, **at_edge).status is OrderStatus.PENDING_REPLACE


LESS: list[tuple[Limit, dict[str, Any]]] = [
    (limit(R.MAX_ORDER_QUANTITY, E8), {"quantity_e8": 99 * E8}),
    (limit(R.MAX_ORDER_NOTIONAL, E4), {"quantity_e8": 99 * E8}),
    (limit(R.MAX_POSITION, E8), {"quantity_e8": 99 * E8}),
    (limit(R.MAX_OPEN_NOTIONAL, E4), {"price_e8": 149 * E8}),
    (limit(R.PRICE_COLLAR, 1), {"price_e8": 190 * E8}),
    (limit(R.RESTRICTED), {"quantity_e8": 99 * E8}),
    (limit(R.MAX_OPEN_ORDERS, 0), {"quantity_e8": 101 * E8}),
    (limit(R.ORDER_RATE, 0), {"quantity_e8": 101 * E8}),
    (limit(R.MAX_DAILY_ORDERS, 0), {"quantity_e8": 101 * E8}),
    (limit(R.DUPLICATE_ORDERS, 0), {"quantity_e8": 101 * E8}),
]


@pytest.mark.parametrize(("bound", "terms"), LESS)
def test_what_brings_nothing_more_of_it_passes_a_limit_that_was_lowered(bound: Limit, terms: dict[str, Any]) -> None:
    desk = live()
    order = desk.acknowledged(price_e8=(200 if bound.rule is R.PRICE_COLLAR else 150) * E8)
    desk.book.limits = (bound,)
    assert desk.replace(order, **terms).status is OrderStatus.PENDING_REPLACE


def test_a_restricted_instrument_takes_no_new_price_and_no_larger_order() -> None:
    desk = live()
    order = desk.acknowledged()
    desk.book.limits = (limit(R.RESTRICTED, target=FIRM),)
    assert refused(desk.do(desk.replace_input(order.id, price_e8=149 * E8)))[0] == "RESTRICTED"
    assert refused(desk.do(desk.replace_input(order.id, quantity_e8=101 * E8)))[0] == "RESTRICTED"


def test_a_change_beside_a_rule_for_the_market_needs_one_unless_it_only_lessens() -> None:
    desk = live(limit(R.REFERENCE_PRICE))
    order = desk.acknowledged()
    desk.marks.clear()
    assert refused(desk.do(desk.replace_input(order.id, price_e8=151 * E8)))[0] == "STALE_PRICE"
    assert desk.replace(order, quantity_e8=99 * E8).status is OrderStatus.PENDING_REPLACE


def test_a_refused_change_leaves_room_where_it_was_and_one_under_way_takes_it() -> None:
    desk = live(limit(R.MAX_POSITION, 200 * E8))
    order = desk.acknowledged()
    refused(desk.do(desk.replace_input(order.id, quantity_e8=201 * E8)))
    desk.replace(order, quantity_e8=150 * E8)
    draft = desk.do(desk.place_input("b", quantity_e8=51 * E8), desk.place_input("c", quantity_e8=50 * E8))
    assert [isinstance(reply, OrderReply) for reply in draft.replies] == [False, True]


def test_what_a_seller_may_get_is_judged_anew_by_a_change() -> None:
    desk = live()
    order = desk.acknowledged(side=Side.SELL, price_e8=100 * E8)
    assert order.reference_e8 == 150 * E8
    desk.marks["AAPL"] = desk.marks["AAPL"]._replace(bid_e8=160 * E8, ask_e8=161 * E8)
    assert desk.replace(order, price_e8=101 * E8).reference_e8 == 160 * E8


def test_more_at_market_needs_a_market() -> None:
    desk = live()
    market: dict[str, Any] = {"order_type": OrderType.MARKET, "price_e8": None}
    order = desk.acknowledged(**market)
    desk.marks.clear()
    assert refused(desk.do(desk.replace_input(order.id, quantity_e8=101 * E8)))[0] == "STALE_PRICE"
    assert desk.replace(order, quantity_e8=99 * E8).status is OrderStatus.PENDING_REPLACE


# --- soft limits -----------------------------------------------------------------------------------------------------
def test_a_soft_limit_is_confirmed_for_a_change_too() -> None:
    desk = live(limit(R.MAX_ORDER_QUANTITY, 100 * E8, breach=Breach.CONFIRM))
    order = desk.acknowledged()
    token = warned(desk, order.id, quantity_e8=120 * E8)
    asked = desk.replace_input(order.id, quantity_e8=121 * E8)
    other = asked._replace(request=replace(asked.request, confirmation_token=token))
    assert refused(desk.do(other))[0] == "CONFIRMATION_INVALID"
    asked = desk.replace_input(order.id, quantity_e8=120 * E8)
    meant = asked._replace(request=replace(asked.request, confirmation_token=token))
    assert isinstance(desk.do(meant).replies[-1], OrderReply)
    assert desk.now(order).status is OrderStatus.PENDING_REPLACE
    desk.do(desk.report(desk.now(order), ExecType.REPLACED, quantity_e8=120 * E8))
    assert refused(desk.do(meant))[0] in ("CONFIRMATION_INVALID", "VALIDATION_FAILED")


def warned(desk: Desk, order_id: Any, **terms: Any) -> str:
    reply = desk.do(desk.replace_input(order_id, **terms)._replace(token="t-1")).replies[-1]
    assert isinstance(reply, RefusalReply) and reply.error.code == "CONFIRMATION_REQUIRED"
    return str(reply.error.extra["confirmationToken"])


def test_what_would_have_to_be_approved_is_no_change() -> None:
    desk = live(limit(R.MAX_ORDER_QUANTITY, 100 * E8, breach=Breach.APPROVE))
    order = desk.acknowledged()
    assert refused(desk.do(desk.replace_input(order.id, quantity_e8=101 * E8)))[0] == "RISK_LIMIT"
