"""Is a position brought to flat by what is held when the order leaves, once, and never beyond?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import CancelOrder, NewOrder
from bridge.wire.vocabulary import ExecType, OrderType, Side
from orders.core.inputs import LinkDown, Tick
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import BOB, E8, EPOCH, SECOND_US, START_US, refusal_code
from tests.orders.core.groups.trader import Trader, items, market


@pytest.fixture
def holder() -> Trader:
    """100 AAPL are held."""
    trader = Trader()
    bought(trader, "held", 100)
    trader.sent.clear()
    return trader


def bought(trader: Trader, name: str, units: int, symbol: str = "AAPL", side: Side = Side.BUY) -> None:
    order = trader.place(name, quantity_e8=units * E8, symbol=symbol, side=side)
    trader.fills(order, units)


def closing(trader: Trader, close_id: str = "c", *symbols: str) -> OrderState:
    """The order that closes the one position."""
    (item,) = items(trader.do(trader.close_input(close_id, *symbols)))
    return trader.orders[item.reply.order.id]


def test_what_is_held_is_sold_at_market(holder: Trader) -> None:
    order = closing(holder)
    assert (order.side, order.order_type, order.quantity_e8) == (Side.SELL, OrderType.MARKET, 100 * E8)
    assert holder.sent_new() == [order.id]
    holder.fills(order, 100)
    assert holder.positions[order.account, "AAPL"].quantity_e8 == 0


def test_what_is_short_is_bought_back() -> None:
    trader = Trader()
    bought(trader, "short", 30, side=Side.SELL)
    assert (closing(trader).side, trader.last(NewOrder).quantity_e8) == (Side.BUY, 30 * E8)


def test_the_same_request_again_is_the_same_order(holder: Trader) -> None:
    order = closing(holder)
    holder.fills(order, 100)
    (item,) = items(holder.do(holder.close_input("c")))
    assert (item.reply.order.id, item.reply.created) == (order.id, False)
    assert holder.sent_new() == [order.id]


def test_a_restart_between_the_two_changes_nothing(holder: Trader) -> None:
    order = closing(holder)
    holder.restart()
    holder.go_live(EPOCH, holder.book.cursor.seq)
    assert closing(holder).id == order.id


def test_open_orders_of_the_symbol_are_cancelled_first_and_the_order_waits(holder: Trader) -> None:
    resting = holder.acknowledged("resting", side=Side.SELL)
    order = closing(holder)
    assert (order.held, order.reason) == (Held.CANCELS, "AWAITING_CANCELS")
    assert [type(message) for message in holder.sent[-1:]] == [CancelOrder]
    holder.ends(resting)
    assert holder.sent_new()[-1] == order.id


def test_what_a_cancelled_order_still_fills_is_not_sold_twice(holder: Trader) -> None:
    resting = holder.acknowledged("resting", side=Side.SELL)
    order = closing(holder)
    holder.fills(resting, 70)
    holder.ends(resting)
    assert holder.last(NewOrder).quantity_e8 == 30 * E8
    holder.fills(order, 30)
    assert holder.positions[order.account, "AAPL"].quantity_e8 == 0


@pytest.mark.parametrize("units", [100, 130])
def test_where_nothing_of_it_is_left_nothing_is_sent(holder: Trader, units: int) -> None:
    resting = holder.acknowledged("resting", side=Side.SELL, quantity_e8=130 * E8)
    order = closing(holder)
    holder.fills(resting, units)
    holder.ends(resting) if units < 130 else None
    assert (holder.now(order).status, holder.now(order).reason) == (OrderStatus.CANCELED, "NOTHING_TO_CLOSE")
    assert order.id not in holder.sent_new()


def test_orders_in_other_symbols_and_of_others_are_left_alone(holder: Trader) -> None:
    other = holder.acknowledged("other", symbol="IBM")
    foreign = holder.acknowledged("foreign", caller=BOB)
    closing(holder)
    assert {holder.now(other).status, holder.now(foreign).status} == {OrderStatus.NEW}


def test_a_cancel_that_takes_too_long_is_not_waited_for(holder: Trader) -> None:
    holder.acknowledged("resting", side=Side.SELL)
    order = closing(holder)
    holder.now_us += 5 * SECOND_US
    holder.do(Tick())
    assert (holder.now(order).status, holder.now(order).reason) == (OrderStatus.CANCELED, "CANCELS_OVERDUE")


def test_after_a_restart_it_still_waits_or_is_given_up(holder: Trader) -> None:
    resting = holder.acknowledged("resting", side=Side.SELL)
    order = closing(holder)
    holder.restart()
    holder.go_live(EPOCH, holder.book.cursor.seq)
    holder.ends(resting)
    assert holder.sent_new()[-1] == order.id


def test_only_the_symbols_that_are_named_are_closed(holder: Trader) -> None:
    bought(holder, "ibm", 10, symbol="IBM")
    assert [item.symbol for item in items(holder.do(holder.close_input("a", "IBM")))] == ["IBM"]
    assert [item.symbol for item in items(holder.do(holder.close_input("b")))] == ["AAPL", "IBM"]


def test_a_named_symbol_in_which_nothing_is_held_has_nothing_done(holder: Trader) -> None:
    resting = holder.acknowledged("resting", symbol="IBM")
    (item,) = items(holder.do(holder.close_input("c", "IBM")))
    assert item.reply is None and holder.now(resting).status is OrderStatus.NEW


def test_two_closes_at_once_sell_it_once(holder: Trader) -> None:
    first, second = closing(holder, "one"), closing(holder, "two")
    assert second.held is Held.CANCELS and holder.now(first).cancel_wanted
    holder.works(first)
    holder.fills(first, 100)
    assert holder.now(second).reason == "NOTHING_TO_CLOSE"


def test_a_market_order_that_is_under_way_counts(holder: Trader) -> None:
    selling = holder.place("selling", **market(Side.SELL, 60))
    order = closing(holder)
    holder.fills(selling, 60)
    assert holder.now(order).quantity_e8 == 40 * E8


def test_without_a_link_nothing_is_done(holder: Trader) -> None:
    resting = holder.acknowledged("resting", side=Side.SELL)
    holder.do(LinkDown("lost"))
    (item,) = items(holder.do(holder.close_input()))
    assert item.reply.error.code == "ENGINE_UNAVAILABLE" and not holder.now(resting).cancel_wanted


def test_a_late_request_is_not_decided(holder: Trader) -> None:
    assert refusal_code(holder.do(holder.close_input(deadline_us=START_US))) == "ORDER_BRIDGE_UNAVAILABLE"


def test_a_refused_order_of_the_engine_leaves_the_position_as_it_is(holder: Trader) -> None:
    order = closing(holder)
    holder.ends(order, ExecType.REJECTED)
    assert holder.positions[order.account, "AAPL"].quantity_e8 == 100 * E8
