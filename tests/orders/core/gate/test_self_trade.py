"""Does nobody trade with himself, and does who cancels too often place nothing new, while cancels always pass?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.vocabulary import OrderType, Side
from orders.core.limits import Rule
from orders.core.outcomes import OrderReply
from orders.core.scopes import FIRM, Target
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import ANN, BOB, E8, SECOND_US, Desk
from tests.orders.core.gate.sheets import DESK, USER, denied, limit, live, market

CARL = replace(BOB, desk=ANN.desk, desk_name="alpha")
DAY_US = 86_400 * SECOND_US


def resting(desk: Desk, client_order_id: str = "rests", **fields: Any) -> None:
    """A sale at 150."""
    desk.acknowledged(client_order_id, **{"side": Side.SELL, "price_e8": 150 * E8, **fields})


def accepted(desk: Desk, client_order_id: str, **fields: Any) -> bool:
    return isinstance(desk.do(desk.place_input(client_order_id, **fields)).replies[-1], OrderReply)


@pytest.mark.parametrize(("price", "passes"), [(149, True), (150, False), (151, False)])
def test_an_order_that_would_meet_ones_own_is_denied(price: int, passes: bool) -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk)
    assert accepted(desk, "mine", price_e8=price * E8) is passes


def test_the_denial_names_the_order_that_it_would_meet() -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk)
    (rule,) = denied(desk.do(desk.place_input("mine", price_e8=151 * E8))).rules
    assert (rule["rule"], rule["value"], rule["code"]) == ("self_trade", "rests", "SELF_TRADE")


def test_a_sale_meets_ones_own_bid_too() -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk, side=Side.BUY)
    assert accepted(desk, "above", side=Side.SELL, price_e8=151 * E8)
    denied(desk.do(desk.place_input("mine", side=Side.SELL, price_e8=150 * E8)))


@pytest.mark.parametrize(("ask", "passes"), [(149, True), (150, False)])
def test_an_order_at_market_meets_what_lies_at_the_best_price(ask: int, passes: bool) -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk)
    desk.marks = {"AAPL": market(148, ask)}
    assert accepted(desk, "mine", order_type=OrderType.MARKET, price_e8=None) is passes


def test_stops_others_and_other_instruments_are_no_concern() -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk, "stop", order_type=OrderType.STOP, price_e8=None, stop_price_e8=140 * E8)
    resting(desk, "others", caller=BOB)
    resting(desk, "ibm", symbol="IBM")
    assert accepted(desk, "mine", price_e8=151 * E8)


@pytest.mark.parametrize(
    ("target", "by_desk", "by_firm"), [(USER, True, True), (DESK, False, True), (FIRM, False, False)]
)
def test_whose_orders_must_not_meet_is_the_limits_to_say(target: Target, by_desk: bool, by_firm: bool) -> None:
    for other, passes in ((CARL, by_desk), (BOB, by_firm)):
        desk = live(limit(Rule.SELF_TRADE, target=target))
        resting(desk, caller=other)
        assert accepted(desk, "mine", price_e8=151 * E8) is passes


def test_anothers_order_is_not_named() -> None:
    desk = live(limit(Rule.SELF_TRADE, target=DESK))
    resting(desk, caller=CARL)
    (rule,) = denied(desk.do(desk.place_input("mine", price_e8=151 * E8))).rules
    assert rule["value"] == "crosses"


def test_what_has_ended_is_met_by_nobody() -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk)
    order = next(iter(desk.orders.values()))
    desk.do(desk.cancel_input(order.id))
    denied(desk.do(desk.place_input("while", price_e8=151 * E8)))  # it may still trade


def test_two_of_one_batch_do_not_meet_either() -> None:
    desk = live(limit(Rule.SELF_TRADE))
    sale = desk.place_input("a", side=Side.SELL, price_e8=150 * E8)
    denied(desk.do(sale, desk.place_input("b", price_e8=150 * E8)))


def test_a_change_must_not_bring_it_there() -> None:
    desk = live(limit(Rule.SELF_TRADE))
    resting(desk)
    mine = desk.acknowledged("mine", price_e8=149 * E8)
    reply = desk.do(desk.replace_input(mine.id, price_e8=150 * E8)).replies[-1]
    assert reply.error.code == "SELF_TRADE"  # type: ignore[union-attr]
    assert desk.now(mine).status is OrderStatus.NEW


def test_who_cancels_too_often_places_nothing_new_and_cancels_on() -> None:
    desk = live(limit(Rule.MAX_DAILY_CANCELS, 1))
    first, second, third = (desk.acknowledged(name) for name in "abc")
    desk.do(desk.cancel_input(first.id))
    assert accepted(desk, "d")
    desk.do(desk.cancel_input(second.id))
    (rule,) = denied(desk.do(desk.place_input("e"))).rules
    assert (rule["rule"], rule["value"], rule["limit"]) == ("max_daily_cancels", "2", "1")
    desk.do(desk.cancel_input(third.id))
    assert desk.now(third).status is OrderStatus.PENDING_CANCEL
    desk.now_us += DAY_US
    assert accepted(desk, "tomorrow")
