"""Do the orders of an OCO trade one quantity between them, and is it told where they have traded more?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import CancelOrder, NewOrder
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome, Side
from orders.core.groups.legs import GroupKind
from orders.core.groups.sharing import OVERRUN, REFUSED
from orders.core.inputs import LinkDown, Replied, StatusTold
from orders.core.state import OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import E8, EPOCH, refusal_code
from tests.orders.core.groups.trader import OCO, Trader, limit

Pair = tuple[Trader, OrderState, OrderState]


@pytest.fixture
def pair() -> Pair:
    """Two orders that stand in the engine."""
    trader = Trader()
    profit, loss = trader.group(GroupKind.OCO, *OCO)
    trader.works(profit, loss)
    return trader, profit, loss


def test_both_are_sent_at_once_and_know_each_other() -> None:
    trader = Trader()
    profit, loss = trader.group(GroupKind.OCO, *OCO)
    assert trader.sent_new() == [profit.id, loss.id]
    assert profit.group == loss.group is not None
    assert (profit.leg, loss.leg) == ("one_of", "one_of")


def test_when_one_is_filled_the_other_is_cancelled(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 100)
    assert trader.sent_cancels() == [loss.id]
    assert (trader.now(loss).status, trader.now(loss).reason) == (OrderStatus.PENDING_CANCEL, "GROUP_ENDED")
    trader.ends(loss)
    assert (trader.now(loss).status, trader.now(loss).reason) == (OrderStatus.CANCELED, "GROUP_ENDED")
    assert not trader.alarms


def test_a_partial_fill_makes_the_other_smaller_by_as_much(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 30)
    assert trader.sent_totals(loss) == [70] and not trader.sent_cancels()
    assert (trader.now(loss).status, trader.now(loss).reason) == (OrderStatus.PENDING_REPLACE, "GROUP_RESIZED")
    trader.resized(loss, 70)
    assert (trader.now(loss).quantity_e8, trader.now(loss).status) == (70 * E8, OrderStatus.NEW)
    trader.fills(loss, 70)
    assert trader.sent_cancels() == [profit.id]


def test_fills_while_a_change_is_under_way_are_made_up_for_after_it(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 30)
    trader.fills(profit, 30)
    assert trader.sent_totals(loss) == [70], "One change at a time."
    trader.resized(loss, 70)
    assert trader.sent_totals(loss) == [70, 40]


def test_the_third_order_gives_up_what_either_of_the_others_trades() -> None:
    trader = Trader()
    legs = trader.group(GroupKind.OCO, *OCO, limit(Side.SELL, 170))
    trader.works(*legs)
    trader.fills(legs[0], 10)
    trader.resized(legs[1], 90)
    trader.fills(legs[1], 20)
    trader.resized(legs[2], 90)
    assert trader.sent_totals(legs[2]) == [90, 70]
    assert trader.sent_totals(legs[0]) == [80]


def test_a_change_that_the_engine_refuses_ends_the_order_rather_than_leave_it_too_large(pair: Pair) -> None:
    trader, profit, loss = pair
    command = trader.fills(profit, 30).to_engine[-1]
    trader.do(Replied(trader.reply(command, ReplyOutcome.REJECTED, code=RejectCode.INVALID_ORDER)))
    assert trader.sent_cancels() == [loss.id]
    assert trader.alarms == [REFUSED]


def test_a_change_of_the_users_that_is_refused_is_not_taken_for_the_groups(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.replace(loss, stop_price_e8=141 * E8)
    command = trader.sent[-1]
    trader.do(
        trader.report(trader.now(profit), ExecType.TRADE, fill=(30, 160)),
        Replied(trader.reply(command, ReplyOutcome.REJECTED, code=RejectCode.INVALID_ORDER)),
    )
    assert trader.sent_totals(loss)[-1] == 70 and not trader.sent_cancels()


def test_both_may_fill_before_the_cancel_comes_and_that_is_told(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 100)
    trader.fills(loss, 100)
    assert trader.alarms == [OVERRUN]
    assert trader.events(loss)[-1] is OrderEvent.OVERRAN
    assert (trader.now(loss).status, trader.now(loss).reason) == (OrderStatus.FILLED, "GROUP_OVERRUN")


def test_an_overrun_long_after_the_group_has_ended_is_told_too(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 100)
    trader.ends(loss)
    trader.restart()
    trader.go_live(last_seq=trader.book.cursor.seq)
    trader.fills(loss, 10)
    assert trader.alarms == [OVERRUN]
    assert trader.events(loss)[-1] is OrderEvent.OVERRAN


def test_each_trade_of_an_overrun_is_told_once(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 100)
    trader.fills(loss, 10)
    trader.ends(loss)
    assert trader.alarms == [OVERRUN]


def test_a_cancel_of_one_leaves_the_other_as_it_is(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.do(trader.cancel_input(profit.id))
    trader.ends(profit)
    assert trader.now(loss).status is OrderStatus.NEW and trader.sent_cancels() == [profit.id]


def test_what_one_traded_before_it_was_cancelled_the_other_does_not_trade(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.fills(profit, 30)
    trader.resized(loss, 70)
    trader.ends(profit)
    assert (trader.sent_totals(loss), trader.now(loss).status) == ([70], OrderStatus.NEW)


def test_the_quantity_of_one_cannot_be_changed_by_hand_but_its_price_can(pair: Pair) -> None:
    trader, profit, loss = pair
    assert refusal_code(trader.do(trader.replace_input(loss.id, quantity_e8=50 * E8))) == "VALIDATION_FAILED"
    assert trader.replace(profit, price_e8=165 * E8).status is OrderStatus.PENDING_REPLACE


def test_a_bust_gives_back_what_it_takes(pair: Pair) -> None:
    trader, profit, loss = pair
    trade = trader.fills(profit, 30).happenings[1]
    trader.resized(loss, 70)
    bust = {"ref_exec_id": trade.exec_id, "cum_quantity_e8": 0}  # type: ignore[union-attr]
    trader.do(trader.report(trader.now(profit), ExecType.TRADE_CANCEL, **bust))
    assert trader.sent_totals(loss) == [70, 100]


# --- links and restarts ----------------------------------------------------------------------------------------------
def test_while_the_link_is_away_the_cancel_is_kept_and_sent_when_it_is_back(pair: Pair) -> None:
    """The engine fills one while nobody hears it; the replay tells."""
    trader, profit, loss = pair
    trader.do(LinkDown("lost"))
    seq = trader.book.cursor.seq
    trader.sent.clear()
    fill = trader.report(trader.now(profit), ExecType.TRADE, fill=(100, 160))
    trader.do(*trader.welcome(last_seq=seq + 1), fill)
    assert trader.now(loss).cancel_wanted and not trader.sent_cancels()
    trader.do(trader.replayed())
    trader.do(trader.page([trader.now(loss)]))
    trader.do(StatusTold(trader.status(trader.now(loss), EngineOrderStatus.NEW)))
    first = next(message for message in trader.sent if isinstance(message, CancelOrder | NewOrder))
    assert isinstance(first, CancelOrder) and first.order_id == loss.id


def test_a_change_that_the_link_gave_no_time_for_is_asked_for_when_it_is_back(pair: Pair) -> None:
    trader, profit, loss = pair
    trader.do(LinkDown("lost"))
    fill = trader.report(trader.now(profit), ExecType.TRADE, fill=(30, 160))
    trader.do(*trader.welcome(last_seq=trader.book.cursor.seq + 1), fill)
    assert not trader.sent_totals(loss)
    trader.do(trader.replayed())
    trader.do(trader.page([trader.now(profit), trader.now(loss)]))
    assert trader.sent_totals(loss) == [70]


def test_a_restart_forgets_nothing_of_what_an_ended_one_has_traded() -> None:
    trader = Trader()
    one, two, three = trader.group(GroupKind.OCO, *OCO, limit(Side.SELL, 170))
    trader.works(one, two, three)
    trader.fills(one, 30)
    trader.resized(two, 70)
    trader.resized(three, 70)
    trader.ends(one)
    trader.restart()
    trader.go_live(EPOCH, trader.book.cursor.seq)
    trader.fills(two, 20)
    assert trader.sent_totals(three) == [70, 50]
