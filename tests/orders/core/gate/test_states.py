"""What passes while trading is halted, or may only reduce?"""

from __future__ import annotations

from typing import Any

import pytest

from bridge.wire.messages import ReplaceOrder
from bridge.wire.vocabulary import ExecType, Side
from orders.core.outcomes import DeniedReply, OrderReply
from orders.core.scopes import FIRM, Target
from orders.core.trading_states import Restriction, TradingState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import E8, Desk
from tests.orders.core.gate.sheets import DESK, SYMBOL, USER, denied, hold_position, live, refused


def restrict(desk: Desk, state: TradingState, target: Target = FIRM) -> None:
    desk.book.restrictions[target] = Restriction(
        target=target, state=state, reason="test", set_by=None, set_by_name="system", set_at_us=desk.now_us
    )


def passes(desk: Desk, client_order_id: str, side: Side, units: int, **fields: Any) -> bool:
    reply = desk.do(desk.place_input(client_order_id, side=side, quantity_e8=units * E8, **fields)).replies[-1]
    assert isinstance(reply, OrderReply | DeniedReply), reply
    return isinstance(reply, OrderReply)


@pytest.mark.parametrize("target", [FIRM, DESK, USER, SYMBOL])
def test_halted_nothing_new_passes_and_cancels_do(target: Target) -> None:
    desk = live()
    order = desk.acknowledged("a")
    restrict(desk, TradingState.HALTED, target)
    reply = denied(desk.do(desk.place_input("b")))
    assert (reply.code, reply.rules[0]["value"], reply.rules[0]["scope"]) == ("TRADING_HALTED", "halted", target.scope)
    desk.do(desk.cancel_input(order.id))
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL


def test_halted_no_change_passes_not_even_a_smaller_one() -> None:
    desk = live()
    order = desk.acknowledged("a")
    restrict(desk, TradingState.HALTED)
    draft = desk.do(desk.replace_input(order.id, quantity_e8=E8))
    assert refused(draft)[0] == "TRADING_HALTED"
    assert draft.audits[-1].action == "order.replace_denied"
    assert desk.now(order) == order and not [each for each in desk.sent if isinstance(each, ReplaceOrder)]


def test_the_worst_state_counts() -> None:
    desk = live()
    hold_position(desk, 100)
    restrict(desk, TradingState.REDUCE_ONLY, FIRM)
    restrict(desk, TradingState.HALTED, SYMBOL)
    assert denied(desk.do(desk.place_input("s", side=Side.SELL))).code == "TRADING_HALTED"


@pytest.mark.parametrize(("held", "reducing", "increasing"), [(100, Side.SELL, Side.BUY), (-100, Side.BUY, Side.SELL)])
def test_reduce_only_lets_a_position_shrink_to_nothing_and_not_beyond(
    held: int, reducing: Side, increasing: Side
) -> None:
    desk = live()
    hold_position(desk, held)
    restrict(desk, TradingState.REDUCE_ONLY, USER)
    assert not passes(desk, "more", increasing, 1)
    assert not passes(desk, "flip", reducing, 101)
    assert passes(desk, "some", reducing, 60)
    assert not passes(desk, "too-much-with-the-open-one", reducing, 41)
    assert passes(desk, "the-rest", reducing, 40)


def test_reduce_only_counts_each_account_for_itself() -> None:
    desk = live()
    restrict(desk, TradingState.REDUCE_ONLY, FIRM)
    assert not passes(desk, "flat", Side.SELL, 1) and not passes(desk, "flat-2", Side.BUY, 1)


def test_reduce_only_takes_two_orders_of_one_batch_together() -> None:
    desk = live()
    hold_position(desk, 100)
    restrict(desk, TradingState.REDUCE_ONLY)
    sells = [desk.place_input(f"s-{number}", side=Side.SELL, quantity_e8=60 * E8) for number in range(2)]
    replies = desk.do(*sells).replies
    assert [type(reply) for reply in replies] == [OrderReply, DeniedReply]


def test_reduce_only_lets_an_open_order_become_smaller_only() -> None:
    desk = live()
    order = desk.acknowledged("a", quantity_e8=10 * E8)
    restrict(desk, TradingState.REDUCE_ONLY)
    assert refused(desk.do(desk.replace_input(order.id, quantity_e8=11 * E8)))[0] == "REDUCE_ONLY"
    assert refused(desk.do(desk.replace_input(order.id, price_e8=151 * E8)))[0] == "REDUCE_ONLY"
    assert refused(desk.do(desk.replace_input(order.id, quantity_e8=9 * E8, price_e8=151 * E8)))[0] == "REDUCE_ONLY"
    smaller = desk.replace(order, quantity_e8=9 * E8)
    assert smaller.status is OrderStatus.PENDING_REPLACE


def test_reduce_only_lets_a_reducing_order_change_its_price() -> None:
    desk = live()
    hold_position(desk, 100)
    order = desk.acknowledged("s", side=Side.SELL, quantity_e8=100 * E8)
    restrict(desk, TradingState.REDUCE_ONLY)
    desk.do(desk.report(desk.replace(order, price_e8=149 * E8), ExecType.REPLACED, price_e8=149 * E8))
    assert refused(desk.do(desk.replace_input(order.id, quantity_e8=101 * E8)))[0] == "REDUCE_ONLY"
