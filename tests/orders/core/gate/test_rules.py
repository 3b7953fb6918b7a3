"""Does each limit hold at its value and break one step beyond, for whom it is and where it counts?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import NewOrder
from bridge.wire.vocabulary import OrderType, Side
from orders.core.limits import Limit, Rule
from orders.core.outcomes import OrderChanged, OrderReply
from orders.core.scopes import FIRM, Target
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import ANN, BOB, E8, SECOND_US, Desk
from tests.orders.core.gate.sheets import DESK, E4, SYMBOL, USER, denied, fill, hold_position, limit, live

CENT = 10**6
R = Rule


def told(desk: Desk, client_order_id: str = "edge", **fields: Any) -> dict[str, Any]:
    """The one rule that an order breaks."""
    (rule,) = denied(desk.do(desk.place_input(client_order_id, **fields))).rules
    return rule


def accepted(desk: Desk, client_order_id: str = "a-1", **fields: Any) -> bool:
    return isinstance(desk.do(desk.place_input(client_order_id, **fields)).replies[-1], OrderReply)


@pytest.mark.parametrize("target", [FIRM, DESK, USER, SYMBOL])
def test_the_quantity_of_an_order(target: Target) -> None:
    desk = live(limit(R.MAX_ORDER_QUANTITY, 100 * E8, target))
    assert accepted(desk, quantity_e8=100 * E8)
    rule = told(desk, quantity_e8=101 * E8)
    assert (rule["rule"], rule["value"], rule["limit"], rule["headroom"], rule["hard"]) == (
        "max_order_quantity",
        "101",
        "100",
        "-1",
        True,
    )
    assert rule["scope"] == target.scope.value


def test_the_value_of_an_order() -> None:
    desk = live(limit(R.MAX_ORDER_NOTIONAL, 15_000 * E4))
    assert accepted(desk, quantity_e8=100 * E8, price_e8=150 * E8)
    assert told(desk, quantity_e8=100 * E8, price_e8=150 * E8 + CENT)["value"] == "15001"


def test_a_seller_is_worth_what_the_market_pays_him_where_that_is_more() -> None:
    desk = live(limit(R.MAX_ORDER_NOTIONAL, 15_000 * E4))
    assert accepted(desk, side=Side.SELL, quantity_e8=100 * E8, price_e8=E8)
    assert told(desk, side=Side.SELL, quantity_e8=101 * E8, price_e8=E8)["value"] == "15150"


def test_an_order_without_a_price_is_worth_the_markets() -> None:
    desk = live(limit(R.MAX_ORDER_NOTIONAL, 15_001 * E4))
    at_market: dict[str, Any] = {"order_type": OrderType.MARKET, "price_e8": None}
    assert accepted(desk, quantity_e8=100 * E8, **at_market)
    assert desk.orders[next(iter(desk.orders))].reference_e8 == 150 * E8 + CENT
    assert told(desk, quantity_e8=101 * E8, **at_market)["rule"] == "max_order_notional"


@pytest.mark.parametrize(
    ("side", "at_edge", "beyond"),
    [
        (Side.BUY, 165 * E8 + CENT, 165 * E8 + 2 * CENT),  # ask 150.01, ten per cent more is 165.011
        (Side.SELL, 135 * E8, 135 * E8 - CENT),  # bid 150
    ],
)
def test_the_collar_binds_the_aggressive_side(side: Side, at_edge: int, beyond: int) -> None:
    desk = live(limit(R.PRICE_COLLAR, 10 * E4, FIRM))
    assert accepted(desk, side=side, price_e8=at_edge)
    rule = told(desk, side=side, price_e8=beyond)
    assert (rule["rule"], rule["limit"]) == ("price_collar", "10")
    assert float(rule["value"]) > 10


def test_whoever_waits_for_a_better_price_may_wait_anywhere() -> None:
    desk = live(limit(R.PRICE_COLLAR, 1, FIRM))
    assert accepted(desk, "b", side=Side.BUY, price_e8=E8)
    assert accepted(desk, "s", side=Side.SELL, price_e8=9_000 * E8)


def test_a_collar_judges_a_stop_by_where_it_begins_to_trade() -> None:
    desk = live(limit(R.PRICE_COLLAR, 10 * E4, FIRM))
    stop: dict[str, Any] = {"order_type": OrderType.STOP_LIMIT, "stop_price_e8": 200 * E8}
    assert accepted(desk, price_e8=220 * E8, **stop)
    assert told(desk, price_e8=220 * E8 + CENT, **stop)["rule"] == "price_collar"


@pytest.mark.parametrize("target", [FIRM, DESK, USER, SYMBOL])
def test_a_position_counts_open_orders_as_filled(target: Target) -> None:
    desk = live(limit(R.MAX_POSITION, 300 * E8, target))
    hold_position(desk, 100)
    assert accepted(desk, "a", quantity_e8=100 * E8)
    assert accepted(desk, "b", quantity_e8=100 * E8)
    assert told(desk, quantity_e8=1 * E8)["value"] == "301"
    assert accepted(desk, "s", side=Side.SELL, quantity_e8=400 * E8)
    assert told(desk, "edge-2", side=Side.SELL, quantity_e8=1 * E8)["value"] == "301"


def test_a_fill_moves_an_order_into_the_position_and_counts_once() -> None:
    desk = live(limit(R.MAX_POSITION, 100 * E8))
    order = desk.acknowledged("a", quantity_e8=100 * E8)
    fill(desk, order, 60)
    assert told(desk, quantity_e8=E8)["value"] == "101"
    fill(desk, order, 40)
    assert told(desk, "edge-2", quantity_e8=E8)["value"] == "101"


def test_who_is_beyond_his_limit_may_come_back() -> None:
    desk = live(limit(R.MAX_POSITION, 10 * E8))
    hold_position(desk, 100)
    assert accepted(desk, side=Side.SELL, quantity_e8=50 * E8)


def test_a_position_is_of_one_instrument() -> None:
    desk = live(limit(R.MAX_POSITION, 100 * E8))
    assert accepted(desk, "a", quantity_e8=100 * E8)
    assert accepted(desk, "b", quantity_e8=100 * E8, symbol="IBM")


def test_the_value_of_open_orders() -> None:
    desk = live(limit(R.MAX_OPEN_NOTIONAL, 30_000 * E4))
    assert accepted(desk, "a") and accepted(desk, "b", symbol="IBM", side=Side.SELL)
    assert told(desk, quantity_e8=E8)["value"] == "30150"


def test_the_number_of_open_orders_and_what_ends_gives_room() -> None:
    desk = live(limit(R.MAX_OPEN_ORDERS, 2))
    order = desk.acknowledged("a", quantity_e8=E8)
    assert accepted(desk, "b", quantity_e8=2 * E8)
    assert told(desk)["value"] == "3"
    fill(desk, order, 1)
    assert accepted(desk, "c")


def test_orders_in_a_second() -> None:
    desk = live(limit(R.ORDER_RATE, 3))
    assert all(accepted(desk, f"a-{number}") for number in range(3))
    desk.now_us += SECOND_US - 1
    assert told(desk)["value"] == "4"
    desk.now_us += 1
    assert accepted(desk, "later")


def test_orders_in_a_day_and_what_is_denied_is_none() -> None:
    desk = live(limit(R.MAX_DAILY_ORDERS, 2), limit(R.MAX_ORDER_QUANTITY, 100 * E8))
    denied(desk.do(desk.place_input("large", quantity_e8=200 * E8)))
    assert accepted(desk, "a") and accepted(desk, "b")
    desk.now_us += 60 * SECOND_US
    assert told(desk)["rule"] == "max_daily_orders"
    desk.now_us += 86_400 * SECOND_US
    assert accepted(desk, "tomorrow")


def test_orders_that_are_alike() -> None:
    desk = live(limit(R.DUPLICATE_ORDERS, 1))
    assert accepted(desk, "a") and accepted(desk, "b", quantity_e8=99 * E8) and accepted(desk, "c", side=Side.SELL)
    desk.now_us += 2 * SECOND_US - 1
    assert told(desk)["rule"] == "duplicate_orders"
    desk.now_us += 1
    assert accepted(desk, "d")


def test_equal_orders_pass_where_nothing_forbids_them() -> None:
    desk = live()
    assert all(accepted(desk, f"a-{number}") for number in range(5))


def test_the_restricted_list() -> None:
    desk = live(limit(R.RESTRICTED, target=DESK, symbol="AAPL"))
    rule = told(desk)
    assert (rule["rule"], rule["value"], rule["limit"], rule["code"]) == ("restricted", "AAPL", None, "RESTRICTED")
    assert accepted(desk, "i", symbol="IBM") and accepted(desk, "b", caller=BOB)


def test_a_desks_limit_counts_all_of_its_users_and_a_users_only_him() -> None:
    carl = replace(BOB, user=BOB.user, desk=ANN.desk, desk_name="alpha")
    desk = live(limit(R.MAX_OPEN_ORDERS, 2, DESK), limit(R.MAX_OPEN_ORDERS, 1, USER))
    assert accepted(desk, "a") and accepted(desk, "b", caller=carl)
    rules = denied(desk.do(desk.place_input("edge"))).rules
    assert [(rule["scope"], rule["target"], rule["value"]) for rule in rules] == [
        ("desk", "alpha", "3"),
        ("user", "ann", "2"),
    ]


def test_a_limit_may_be_of_one_instrument() -> None:
    desk = live(limit(R.MAX_OPEN_ORDERS, 1, FIRM, symbol="AAPL"))
    assert accepted(desk, "a") and accepted(desk, "i", symbol="IBM") and accepted(desk, "j", symbol="IBM")
    assert told(desk)["symbol"] == "AAPL"


@pytest.mark.parametrize(
    ("from_us", "until_us", "holds"), [(0, 0, True), (1, None, False), (-9, 1, True), (-9, 0, False)]
)
def test_a_limit_holds_from_its_first_moment_until_before_its_last(
    from_us: int, until_us: int | None, holds: bool
) -> None:
    desk = live()
    span: dict[str, Any] = {
        "from_us": desk.now_us + from_us,
        "until_us": until_us if until_us is None else desk.now_us + until_us,
    }
    if (from_us, until_us) == (0, 0):
        span["until_us"] = None
    desk.book.limits = (limit(R.MAX_ORDER_QUANTITY, E8, **span),)
    assert accepted(desk) is not holds


@pytest.mark.parametrize(
    "impossible",
    [
        limit(R.MAX_OPEN_ORDERS, -1),
        limit(R.TRADING_STATE),
        limit(R.RESTRICTED, 5),
        limit(R.PRICE_COLLAR, 101 * E4),
        limit(R.MAX_OPEN_ORDERS, 0, from_us=10, until_us=10),
        limit(R.MAX_OPEN_ORDERS, 0, Target(USER.scope, "")),
        limit(R.MAX_OPEN_ORDERS, 0, Target(FIRM.scope, "all")),
        limit(R.MAX_OPEN_ORDERS, 0, SYMBOL, symbol="IBM"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_ignored_loudly_and_once(impossible: Limit) -> None:
    desk = live(impossible)
    draft = desk.do(desk.place_input())
    assert isinstance(draft.replies[-1], OrderReply)
    (alarm,) = draft.alarms
    assert alarm.facts["limit"] == str(impossible.id)
    assert not desk.do(desk.place_input("next")).alarms


# --- what a denial leaves behind -------------------------------------------------------------------------------------
def test_a_denied_order_is_stored_with_its_reasons_and_never_sent() -> None:
    desk = live(limit(R.MAX_ORDER_QUANTITY, E8), limit(R.MAX_OPEN_NOTIONAL, E4, FIRM))
    draft = desk.do(desk.place_input())
    reply, (changed,) = denied(draft), draft.happenings
    assert isinstance(changed, OrderChanged)
    assert [rule["rule"] for rule in reply.rules] == ["max_open_notional", "max_order_quantity"]
    assert (changed.event, changed.reason) == (OrderEvent.DENIED, "RISK_LIMIT")
    assert changed.details["rules"] == reply.rules
    assert not [message for message in desk.sent if isinstance(message, NewOrder)]
    (audit,) = draft.audits
    assert (audit.action, audit.details["code"], audit.details["rules"]) == ("order.denied", "RISK_LIMIT", reply.rules)
    assert not desk.book.orders


def test_the_same_body_again_is_answered_with_the_denied_order_and_another_is_a_conflict() -> None:
    desk = live(limit(R.MAX_ORDER_QUANTITY, E8))
    first = denied(desk.do(desk.place_input()))
    desk.book.limits = ()
    again = desk.do(desk.place_input()).replies[-1]
    assert isinstance(again, OrderReply)
    assert (again.order.id, again.order.status, again.created) == (first.order.id, OrderStatus.DENIED, False)
    other = desk.do(desk.place_input(quantity_e8=E8)).replies[-1]
    assert other.error.code == "CLIENT_ORDER_ID_REUSED"  # type: ignore[union-attr]


def test_a_known_order_never_meets_the_gate_again() -> None:
    desk = live(limit(R.MAX_OPEN_ORDERS, 1))
    order = desk.place()
    assert desk.place().id == order.id


def test_a_batch_sees_what_it_has_let_in_itself() -> None:
    desk = live(limit(R.MAX_OPEN_ORDERS, 10))
    draft = desk.do(*[desk.place_input(f"a-{number}") for number in range(32)])
    assert sum(isinstance(reply, OrderReply) for reply in draft.replies) == 10
    assert sum(order.status is OrderStatus.PENDING_NEW for order in desk.orders.values()) == 10
