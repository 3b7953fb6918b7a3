"""Which orders need a market that can be relied on, and what happens where there is none?"""

from __future__ import annotations

from typing import Any

import pytest

from bridge.wire.vocabulary import OrderType, Side
from orders.core.gate.prices import beyond_market_e4, reference_e8
from orders.core.limits import Breach, Rule
from orders.core.marks import NO_MARK, Mark
from orders.core.outcomes import OrderReply
from orders.core.scopes import FIRM
from tests.orders.core.desk import E8
from tests.orders.core.gate.sheets import E4, denied, limit, live, market, refused

AT_MARKET: dict[str, Any] = {"order_type": OrderType.MARKET, "price_e8": None}
UNRELIABLE = [
    (NO_MARK, "missing"),
    (market(150, 151, 150, stale=True), "stale"),
    (market(151, 150, 150), "crossed"),
    (market(150, 150, 150), "crossed"),
]


@pytest.mark.parametrize(("mark", "word"), UNRELIABLE)
@pytest.mark.parametrize("side", list(Side))
def test_a_market_order_needs_a_price_to_rely_on(mark: Mark, word: str, side: Side) -> None:
    desk = live()
    desk.marks["AAPL"] = mark
    reply = denied(desk.do(desk.place_input(side=side, **AT_MARKET)))
    assert (reply.code, [rule["value"] for rule in reply.rules]) == ("STALE_PRICE", [word])


def test_the_other_side_or_the_last_price_is_enough() -> None:
    desk = live()
    desk.marks["AAPL"] = market(150, None)
    assert isinstance(desk.do(desk.place_input("s", side=Side.SELL, **AT_MARKET)).replies[-1], OrderReply)
    denied(desk.do(desk.place_input("b", **AT_MARKET)))
    desk.marks["AAPL"] = market(150, None, 149)
    assert isinstance(desk.do(desk.place_input("b2", **AT_MARKET)).replies[-1], OrderReply)


@pytest.mark.parametrize("mark", [mark for mark, _ in UNRELIABLE])
def test_an_order_that_names_its_price_needs_no_market_where_no_rule_asks_for_it(mark: Mark) -> None:
    desk = live(limit(Rule.MAX_ORDER_NOTIONAL, 10**12))
    desk.marks["AAPL"] = mark
    assert isinstance(desk.do(desk.place_input("l")).replies[-1], OrderReply)
    stop: dict[str, Any] = {"order_type": OrderType.STOP, "price_e8": None, "stop_price_e8": 160 * E8}
    assert isinstance(desk.do(desk.place_input("s", **stop)).replies[-1], OrderReply)


def test_a_collar_is_held_against_what_was_known_last() -> None:
    desk = live(limit(Rule.PRICE_COLLAR, 5 * E4, FIRM))
    desk.marks["AAPL"] = market(99, 100, stale=True)
    assert isinstance(desk.do(desk.place_input("edge", price_e8=105 * E8)).replies[-1], OrderReply)
    reply = denied(desk.do(desk.place_input("beyond", price_e8=106 * E8)))
    assert (reply.code, reply.rules[0]["rule"], reply.rules[0]["value"]) == ("RISK_LIMIT", "price_collar", "6")


def test_a_soft_collar_warns() -> None:
    desk = live(limit(Rule.PRICE_COLLAR, 5 * E4, FIRM, Breach.CONFIRM))
    desk.marks["AAPL"] = market(99, 100)
    assert refused(desk.do(desk.place_input(price_e8=106 * E8)))[0] == "CONFIRMATION_REQUIRED"


@pytest.mark.parametrize("mark", [NO_MARK, market(None, None)])
def test_where_nothing_was_ever_known_any_price_may_be_the_first(mark: Mark) -> None:
    desk = live(limit(Rule.PRICE_COLLAR, 5 * E4, FIRM))
    desk.marks["AAPL"] = mark
    assert isinstance(desk.do(desk.place_input()).replies[-1], OrderReply)


def test_a_rule_may_ask_for_a_reliable_market_for_every_order() -> None:
    desk = live(limit(Rule.REFERENCE_PRICE, target=FIRM))
    assert isinstance(desk.do(desk.place_input()).replies[-1], OrderReply)
    desk.marks["AAPL"] = market(150, 151, stale=True)
    assert denied(desk.do(desk.place_input("b"))).code == "STALE_PRICE"


def test_the_price_by_which_an_order_is_judged() -> None:
    desk, mark = live(), market(150, 151, 140)
    stop: dict[str, Any] = {"order_type": OrderType.STOP, "price_e8": None}
    judged = [
        (desk.place("b", price_e8=149 * E8), None),
        (desk.place("s", side=Side.SELL, price_e8=149 * E8), 150),
        (desk.place("s2", side=Side.SELL, price_e8=152 * E8), None),
        (desk.place("m", **AT_MARKET), 151),
        (desk.place("m2", side=Side.SELL, **AT_MARKET), 150),
        (desk.place("t", stop_price_e8=140 * E8, **stop), 151),
        (desk.place("t2", stop_price_e8=170 * E8, **stop), 170),
        (desk.place("t3", side=Side.SELL, stop_price_e8=140 * E8, **stop), 140),
    ]
    for order, units in judged:
        assert reference_e8(order, mark) == (None if units is None else units * E8), order


def test_what_is_beyond_the_market_is_rounded_up() -> None:
    desk = live()
    order = desk.place(price_e8=151 * E8)
    assert beyond_market_e4(order, market(147, 150)) == 6_667  # 0.66666… per cent
    assert beyond_market_e4(order, market(147, 151)) == 0
    assert beyond_market_e4(order, market(147, 152)) == -6_578
    assert beyond_market_e4(order, market(147, None, 150)) == 6_667
    assert beyond_market_e4(order, market(150, None)) == 6_667
    assert beyond_market_e4(order, market(None, None)) is None
