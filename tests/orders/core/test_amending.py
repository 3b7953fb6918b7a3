"""What is left of an order, its executions and its position after a bust or a correction?"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bridge.wire.messages import CancelOrder
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome, Side
from orders.core.inputs import Replied, StatusTold
from orders.core.state import Cursor, ExecutionStatus, OrderState, PositionState
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import E8, EPOCH, OPERATOR, Desk, refusal_code

PARTLY, WORKS, CANCELED = (
    EngineOrderStatus.PARTIALLY_FILLED,
    EngineOrderStatus.NEW,
    EngineOrderStatus.CANCELED,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


@pytest.fixture
def order(desk: Desk) -> OrderState:
    """100 AAPL, 40 of them filled at 150 under "x"."""
    order = desk.acknowledged()
    trade(desk, order, 40, 150, "x")
    return desk.now(order)


def trade(desk: Desk, order: OrderState, units: int, price: int, exec_id: str) -> None:
    desk.do(desk.report(desk.now(order), ExecType.TRADE, fill=(units, price), exec_id=exec_id))


def bust(desk: Desk, order: OrderState, of: str, exec_id: str = "b", *, left: int = 0, **fields: Any) -> Any:
    """`left` is what is filled after it, in units."""
    told = {"status": PARTLY if left else WORKS, "ref_exec_id": of, "exec_id": exec_id}
    left_e8 = {"cum_quantity_e8": left * E8, "leaves_quantity_e8": order.quantity_e8 - left * E8}
    return desk.report(desk.now(order), ExecType.TRADE_CANCEL, **{**told, **left_e8, **fields})


def correct(desk: Desk, order: OrderState, of: str, units: int, price: int, exec_id: str = "c", **fields: Any) -> Any:
    told = {"ref_exec_id": of, "exec_id": exec_id, "cum_quantity_e8": units * E8, "status": PARTLY}
    lasts = {"last_quantity_e8": units * E8, "last_price_e8": price * E8}
    return desk.report(desk.now(order), ExecType.TRADE_CORRECT, **{**told, **lasts, **fields})


def position(desk: Desk) -> PositionState:
    (only,) = desk.positions.values()
    return only


def test_a_bust_takes_the_fill_back(desk: Desk, order: OrderState) -> None:
    draft = desk.do(bust(desk, order, "x"))
    now = desk.now(order)
    assert (now.status, now.filled_e8, now.filled_notional_e16) == (OrderStatus.NEW, 0, 0)
    assert (position(desk).quantity_e8, position(desk).cost_e16, position(desk).realized_e16) == (0, 0, 0)
    assert desk.executions["x"].status is ExecutionStatus.BUSTED
    assert desk.executions["x"].superseded_by == "b"
    assert [alarm.sentence for alarm in draft.alarms] == ["An execution was busted or corrected"]
    assert [audit.action for audit in draft.audits] == ["order.trade_busted"]


def test_the_history_says_which_execution_is_void_and_what_is_left(desk: Desk, order: OrderState) -> None:
    desk.do(bust(desk, order, "x", reason="clearly erroneous"))
    told = {"execId": "b", "refExecId": "x", "filledQuantity": "0", "engineReason": "clearly erroneous"}
    assert desk.history[-1].details == told


def test_a_correction_puts_another_execution_in_its_place(desk: Desk, order: OrderState) -> None:
    desk.do(correct(desk, order, "x", 30, 149))
    now = desk.now(order)
    assert (now.status, now.filled_e8, now.average_price_e8) == (OrderStatus.PARTIALLY_FILLED, 30 * E8, 149 * E8)
    assert position(desk).quantity_e8 == 30 * E8
    first, second = desk.executions["x"], desk.executions["c"]
    assert (first.status, first.quantity_e8, first.superseded_by) == (ExecutionStatus.CORRECTED, 40 * E8, "c")
    assert (second.status, second.ref_exec_id) == (ExecutionStatus.LIVE, "x")
    assert second.executed_at_us == first.executed_at_us


def test_the_position_is_as_though_the_void_had_never_been(desk: Desk, order: OrderState) -> None:
    """An opposite trade would leave the average of both and a profit that nobody made."""
    trade(desk, order, 40, 170, "y")
    desk.do(bust(desk, order, "y", left=40))
    assert position(desk).average_price_e8 == 150 * E8
    assert position(desk).realized_e16 == 0
    assert position(desk).current_price_e8 == 150 * E8


def test_a_correction_counts_where_the_trade_stood(desk: Desk, order: OrderState) -> None:
    """Bought at 150, sold at 160, bought at 170: what was realised changes with the first price alone."""
    sale = desk.acknowledged("a-2", side=Side.SELL)
    trade(desk, sale, 40, 160, "s")
    trade(desk, order, 40, 170, "y")
    desk.do(correct(desk, order, "x", 40, 155, cum_quantity_e8=80 * E8))
    assert position(desk).realized_e16 == 40 * 5 * 10**16
    assert position(desk).average_price_e8 == 170 * E8


@pytest.mark.parametrize("named", ["x", "c"])
def test_a_correction_is_busted_under_its_own_id_and_under_the_first(desk: Desk, order: OrderState, named: str) -> None:
    desk.do(correct(desk, order, "x", 30, 149))
    desk.do(bust(desk, order, named))
    assert desk.now(order).filled_e8 == 0
    statuses = [desk.executions[each].status for each in ("x", "c")]
    assert statuses == [ExecutionStatus.CORRECTED, ExecutionStatus.BUSTED]


def test_a_correction_can_be_corrected_back(desk: Desk, order: OrderState) -> None:
    desk.do(correct(desk, order, "x", 30, 149))
    desk.do(correct(desk, order, "x", 40, 150, "c2"))
    assert (desk.now(order).filled_e8, desk.now(order).average_price_e8) == (40 * E8, 150 * E8)
    assert [each.exec_id for each in desk.executions.values() if each.live] == ["c2"]


def test_repeats_under_new_numbers_are_counted_and_ignored(desk: Desk, order: OrderState) -> None:
    desk.do(correct(desk, order, "x", 30, 149))
    again = desk.do(correct(desk, order, "x", 30, 149))
    desk.do(bust(desk, order, "c"))
    once_more = desk.do(bust(desk, order, "c"), desk.report(order, ExecType.TRADE, fill=(40, 150), exec_id="x", seq=7))
    assert (again.counts["repeated_executions"], once_more.counts["repeated_executions"]) == (1, 2)
    assert desk.now(order).filled_e8 == 0


@pytest.mark.parametrize("told", ["bust", "correct"])
def test_the_wire_may_swap_a_trade_and_its_bust(desk: Desk, told: str) -> None:
    """A report that comes too early waits for the replay: the numbers are the engine's."""
    order = desk.acknowledged()
    first = desk.report(order, ExecType.TRADE, fill=(40, 150), exec_id="x")
    amend = bust if told == "bust" else lambda *given, **more: correct(*given, 30, 149, **more)
    second = amend(desk, order, "x", seq=3)
    desk.do(second, first)
    desk.do(second)
    assert desk.now(order).filled_e8 == (0 if told == "bust" else 30 * E8)


def test_a_trade_and_its_bust_may_come_in_one_batch(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150), exec_id="x"), bust(desk, order, "x", seq=3))
    assert (desk.now(order).filled_e8, desk.now(order).status) == (0, OrderStatus.NEW)
    assert position(desk).quantity_e8 == 0


@pytest.mark.parametrize("case", ["never heard of", "of another order", "void"])
def test_what_cannot_be_is_set_aside_with_an_alarm(desk: Desk, order: OrderState, case: str) -> None:
    other = desk.acknowledged("a-2")
    if case == "never heard of":
        draft = desk.do(bust(desk, order, "nothing"))
    elif case == "of another order":
        draft = desk.do(bust(desk, other, "x"))
    else:
        desk.do(bust(desk, order, "x"))
        draft = desk.do(correct(desk, order, "x", 30, 149))
    assert len(draft.quarantined) == len(draft.alarms) == 1
    assert not draft.happenings
    assert desk.book.cursor == Cursor(EPOCH, 5 if case == "void" else 4)


def test_a_filled_order_that_lost_a_fill_does_not_work_again_by_itself(desk: Desk, order: OrderState) -> None:
    trade(desk, order, 60, 150, "y")
    assert desk.now(order).status is OrderStatus.FILLED
    desk.do(bust(desk, order, "y", left=40, status=CANCELED, leaves_quantity_e8=0))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (OrderStatus.CANCELED, 40 * E8)
    assert desk.events(order)[-2:] == [OrderEvent.TRADE_BUSTED, OrderEvent.UNFILLED]


def test_a_filled_order_works_again_where_the_engine_says_so(desk: Desk, order: OrderState) -> None:
    trade(desk, order, 60, 150, "y")
    draft = desk.do(bust(desk, order, "y", left=40))
    assert desk.now(order).status is OrderStatus.PARTIALLY_FILLED
    assert "An ended order works again" in [alarm.sentence for alarm in draft.alarms]
    trade(desk, order, 60, 151, "z")
    assert desk.now(order).status is OrderStatus.FILLED


def test_a_cancel_that_the_fill_had_overtaken_is_wanted_again(desk: Desk, order: OrderState) -> None:
    desk.do(desk.cancel_input(order.id))
    trade(desk, order, 60, 150, "y")
    desk.do(Replied(desk.reply(desk.last(CancelOrder), ReplyOutcome.REJECTED, code=RejectCode.ORDER_FINAL)))
    before = len(desk.sent)
    desk.do(bust(desk, order, "y", left=40))
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    desk.do(status_of(desk, order))
    assert [type(each) for each in desk.sent[before:]].count(CancelOrder) == 1


def test_a_change_that_ended_with_the_fill_is_not_found_again(desk: Desk, order: OrderState) -> None:
    """The next life of the bridge would wait for its outcome, and nobody would tell it."""
    desk.replace(order, price_e8=151 * E8)
    trade(desk, order, 60, 150, "y")
    desk.do(bust(desk, order, "y", left=40))
    desk.restart()
    assert desk.now(order).status is OrderStatus.PARTIALLY_FILLED
    assert not desk.book.replaces and not desk.book.commands


def status_of(desk: Desk, order: OrderState) -> Any:
    return StatusTold(desk.status(desk.now(order), PARTLY))


def test_a_correction_may_fill_an_order(desk: Desk, order: OrderState) -> None:
    desk.do(correct(desk, order, "x", 100, 150, status=EngineOrderStatus.FILLED, leaves_quantity_e8=0))
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.events(order)[-2:] == [OrderEvent.TRADE_CORRECTED, OrderEvent.FILLED]


def test_a_correction_beyond_the_total_is_flagged(desk: Desk, order: OrderState) -> None:
    draft = desk.do(correct(desk, order, "x", 140, 150))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (OrderStatus.FILLED, 140 * E8)
    assert "An order was overfilled" in [alarm.sentence for alarm in draft.alarms]


def test_an_engine_that_works_less_says_so_by_the_total(desk: Desk, order: OrderState) -> None:
    """60 are left in the book, and the 40 that were busted do not come back to it."""
    desk.do(bust(desk, order, "x", quantity_e8=60 * E8, leaves_quantity_e8=60 * E8))
    assert (desk.now(order).quantity_e8, desk.history[-1].details["quantity"]) == (60 * E8, "60")
    trade(desk, order, 60, 150, "y")
    assert desk.now(order).status is OrderStatus.FILLED


def test_a_bust_while_a_change_is_pending_leaves_it_pending(desk: Desk, order: OrderState) -> None:
    desk.replace(order, price_e8=151 * E8)
    desk.do(bust(desk, order, "x"))
    assert desk.now(order).status is OrderStatus.PENDING_REPLACE
    desk.do(desk.report(desk.now(order), ExecType.REPLACED, price_e8=151 * E8))
    assert (desk.now(order).status, desk.now(order).price_e8) == (OrderStatus.NEW, 151 * E8)


@pytest.mark.parametrize("ending", [ExecType.CANCELED, ExecType.EXPIRED])
def test_a_bust_after_the_end_leaves_the_end(desk: Desk, order: OrderState, ending: ExecType) -> None:
    desk.do(desk.report(order, ending))
    ended = desk.now(order).status
    desk.do(bust(desk, order, "x", status=CANCELED))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (ended, 0)


# --- an operator ---------------------------------------------------------------------------------------------------
def test_an_operator_busts_under_his_name(desk: Desk, order: OrderState) -> None:
    draft = desk.do(desk.amend_input(order, "x"))
    assert (desk.now(order).filled_e8, position(desk).quantity_e8) == (0, 0)
    assert (desk.history[-1].details["by"], desk.history[-1].details["note"]) == ("ops1", "by telephone")
    assert [(audit.user, audit.action) for audit in draft.audits] == [(OPERATOR, "order.trade_busted")]
    assert [alarm.sentence for alarm in draft.alarms] == ["An execution was busted or corrected"]


def test_what_is_open_stays_open_when_an_operator_corrects(desk: Desk, order: OrderState) -> None:
    """The engine's book knows nothing of it: 60 are open there, and fill the order."""
    desk.do(desk.amend_input(order, "x", quantity_e8=30 * E8, price_e8=149 * E8))
    assert (desk.now(order).filled_e8, desk.now(order).quantity_e8) == (30 * E8, 90 * E8)
    trade(desk, order, 60, 150, "y")
    assert desk.now(order).status is OrderStatus.FILLED


def test_an_operators_word_may_be_repeated(desk: Desk, order: OrderState) -> None:
    correction = {"quantity_e8": 30 * E8, "price_e8": 149 * E8}
    for amendment_id, terms in (("manual-1", correction), ("manual-2", {})):
        desk.do(desk.amend_input(order, "x", amendment_id, **terms))
        draft = desk.do(desk.amend_input(order, "x", amendment_id, **terms))
        assert draft.counts["repeated_requests"] == 1 and not draft.happenings


def test_an_operators_word_is_repeated_even_where_another_one_followed_it(desk: Desk, order: OrderState) -> None:
    first, second = {"quantity_e8": 30 * E8, "price_e8": 149 * E8}, {"quantity_e8": 20 * E8, "price_e8": 148 * E8}
    desk.do(desk.amend_input(order, "x", "manual-1", **first))
    desk.do(desk.amend_input(order, "x", "manual-2", **second))
    draft = desk.do(desk.amend_input(order, "x", "manual-1", **first))
    assert draft.counts["repeated_requests"] == 1 and not draft.happenings
    assert desk.now(order).filled_e8 == 20 * E8


@pytest.mark.parametrize("half", [{"quantity_e8": 30 * E8}, {"price_e8": 149 * E8}])
def test_half_a_correction_is_no_bust(desk: Desk, order: OrderState, half: dict[str, int]) -> None:
    draft = desk.do(desk.amend_input(order, "x", **half))
    assert refusal_code(draft) == "VALIDATION_FAILED" and not draft.happenings


def test_an_operator_cannot_amend_what_is_void_or_not_there(desk: Desk, order: OrderState) -> None:
    assert refusal_code(desk.do(desk.amend_input(order, "nothing"))) == "NOT_FOUND"
    desk.do(bust(desk, order, "x"))
    assert refusal_code(desk.do(desk.amend_input(order, "x"))) == "VALIDATION_FAILED"


def test_the_engine_may_say_afterwards_what_the_operator_said(desk: Desk, order: OrderState) -> None:
    desk.do(desk.amend_input(order, "x"))
    draft = desk.do(bust(desk, order, "x"))
    assert draft.counts["repeated_executions"] == 1 and not draft.quarantined


def test_busts_of_every_trade_in_any_order_leave_nothing() -> None:
    for busted in itertools.permutations("xyz"):
        desk = Desk()
        desk.go_live()
        order = desk.acknowledged()
        for price, exec_id in enumerate("xyz", start=150):
            trade(desk, order, 20, price, exec_id)
        for left, exec_id in zip((40, 20, 0), busted, strict=True):
            desk.do(bust(desk, order, exec_id, f"b-{exec_id}", left=left))
        assert (desk.now(order).filled_e8, desk.now(order).filled_notional_e16) == (0, 0)
        assert (position(desk).quantity_e8, position(desk).cost_e16, position(desk).realized_e16) == (0, 0, 0)
