"""Is an order in doubt settled by evidence, and by evidence only?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import CancelOrder, NewOrder, OrderStatusRequest, ReplayRequest
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome
from orders.core.book import Phase
from orders.core.commands import UNTIMELY_US
from orders.core.inputs import LinkDown, Replied, StatusTold, Tick
from orders.core.state import CommandProgress
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import E8, EPOCH, SECOND_US, Desk, not_sent


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def test_a_reply_leaves_the_order_and_its_command_to_the_reports(desk: Desk) -> None:
    order = desk.place()
    command = desk.last(NewOrder)
    desk.do(Replied(desk.reply(command)))
    assert desk.commands[command.session, command.command_seq].progress is CommandProgress.CLAIMED
    assert desk.now(order).status is OrderStatus.PENDING_NEW
    desk.do(desk.report(order, ExecType.NEW))
    desk.now_us += 2 * SECOND_US
    assert not desk.do(Tick()).to_engine
    assert desk.commands[command.session, command.command_seq].progress is CommandProgress.ANSWERED


def test_a_refusal_by_the_engine_rejects_the_order(desk: Desk) -> None:
    order = desk.place()
    refusal = desk.reply(desk.last(NewOrder), ReplyOutcome.REJECTED, code=RejectCode.MARKET_CLOSED)
    desk.do(Replied(refusal))
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.REJECTED, "ENGINE_REJECTED")


@pytest.mark.parametrize("code", [RejectCode.DEADLINE_PASSED, RejectCode.STALE_SESSION, RejectCode.NO_SESSION])
def test_a_command_the_engine_did_not_take_up_was_not_sent(desk: Desk, code: RejectCode) -> None:
    order = desk.place()
    desk.do(Replied(desk.reply(desk.last(NewOrder), ReplyOutcome.REJECTED, code=code)))
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.DENIED, "NOT_SENT")


def test_what_the_link_gives_back_was_not_sent(desk: Desk) -> None:
    order = desk.place()
    desk.do(not_sent(desk.last(NewOrder)))
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.DENIED, "NOT_SENT")


def test_silence_until_the_deadline_is_doubt_and_never_a_rejection(desk: Desk) -> None:
    order = desk.place()
    desk.now_us += 2 * SECOND_US
    draft = desk.do(Tick())
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.UNKNOWN, "REPLY_OVERDUE")
    assert isinstance(draft.to_engine[0], OrderStatusRequest)


def test_nothing_is_ever_sent_a_second_time(desk: Desk) -> None:
    desk.place()
    for _ in range(20):
        desk.now_us += SECOND_US
        desk.do(Tick())
    assert sum(isinstance(message, NewOrder) for message in desk.sent) == 1


def test_a_lost_link_puts_unanswered_orders_in_doubt_at_once(desk: Desk) -> None:
    unanswered, standing = desk.place("a-1"), desk.acknowledged("a-2")
    desk.do(LinkDown("gone"))
    assert desk.now(unanswered).status is OrderStatus.UNKNOWN
    assert desk.now(standing).status is OrderStatus.NEW


def in_doubt(desk: Desk, *, after_us: int = 3 * SECOND_US) -> OrderEvent:
    desk.place()
    desk.now_us += after_us
    desk.do(Tick())
    return desk.history[-1].event


def test_an_order_the_engine_holds_is_new_again(desk: Desk) -> None:
    assert in_doubt(desk) is OrderEvent.DOUBTED
    order = desk.history[-1].order
    desk.do(StatusTold(desk.status(order, EngineOrderStatus.NEW, external_order_id="X1")))
    assert (desk.now(order).status, desk.now(order).external_order_id) == (OrderStatus.NEW, "X1")


def test_an_ending_with_fills_that_never_came_is_alarmed(desk: Desk) -> None:
    order = desk.acknowledged()
    draft = desk.do(StatusTold(desk.status(order, EngineOrderStatus.CANCELED, cum_quantity_e8=30 * E8)))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (OrderStatus.CANCELED, 0)
    assert [alarm.sentence for alarm in draft.alarms] == ["The engine counts other fills than we do"]


def test_an_order_the_engine_never_saw_is_denied(desk: Desk) -> None:
    in_doubt(desk)
    order = desk.history[-1].order
    desk.do(StatusTold(desk.status(order, None)))
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.DENIED, "NOT_SENT")


def test_not_known_proves_nothing_while_the_command_may_still_arrive(desk: Desk) -> None:
    order = desk.place()
    desk.do(LinkDown("gone"))
    desk.go_live()
    desk.do(StatusTold(desk.status(desk.now(order), None)))
    assert desk.now(order).status is OrderStatus.UNKNOWN
    desk.now_us += 3 * SECOND_US
    assert isinstance(desk.do(Tick()).to_engine[0], OrderStatusRequest)
    desk.do(StatusTold(desk.status(desk.now(order), None)))
    assert desk.now(order).status is OrderStatus.DENIED


def test_behind_the_fence_not_known_counts_at_once(desk: Desk) -> None:
    order = desk.place()
    desk.restart()
    assert desk.now(order).status is OrderStatus.UNKNOWN
    desk.go_live()
    desk.do(StatusTold(desk.status(desk.now(order), None)))
    assert desk.now(order).status is OrderStatus.DENIED


def test_a_status_ahead_of_the_reports_does_not_count(desk: Desk) -> None:
    in_doubt(desk)
    order = desk.history[-1].order
    draft = desk.do(StatusTold(desk.status(order, None, last_seq=9)))
    assert desk.now(order).status is OrderStatus.UNKNOWN
    assert any(isinstance(message, ReplayRequest) for message in draft.to_engine)


def test_a_question_that_was_answered_too_early_is_put_again_but_not_at_once(desk: Desk) -> None:
    in_doubt(desk)
    order = desk.history[-1].order
    early = StatusTold(desk.status(order, None, last_seq=9))
    draft = desk.do(early, early, early)
    assert not [message for message in draft.to_engine if isinstance(message, OrderStatusRequest)]
    desk.now_us += UNTIMELY_US
    assert [type(message) for message in desk.do(Tick()).to_engine] == [OrderStatusRequest]


def test_a_status_of_an_older_session_does_not_count(desk: Desk) -> None:
    in_doubt(desk)
    order = desk.history[-1].order
    desk.do(StatusTold(desk.status(order, None, session=99)))
    assert desk.now(order).status is OrderStatus.UNKNOWN


def test_an_order_the_engine_has_lost_is_canceled_with_an_alarm_and_keeps_its_fills(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    desk.do(LinkDown("restarted"))
    desk.go_live(epoch=EPOCH + 1)
    draft = desk.do(StatusTold(desk.status(desk.now(order), None, epoch=EPOCH + 1, last_seq=0)))
    now = desk.now(order)
    assert (now.status, now.reason, now.filled_e8) == (OrderStatus.CANCELED, "ENGINE_LOST", 40 * E8)
    assert draft.alarms


def test_an_engine_that_denies_its_own_word_is_alarmed_and_not_believed(desk: Desk) -> None:
    order = desk.acknowledged()
    draft = desk.do(StatusTold(desk.status(order, None)))
    assert desk.now(order).status is OrderStatus.NEW
    assert draft.alarms


def test_an_ending_that_only_a_status_tells_is_taken_over(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(StatusTold(desk.status(order, EngineOrderStatus.EXPIRED)))
    assert desk.now(order).status is OrderStatus.EXPIRED


def test_fills_that_only_a_status_tells_are_alarmed_and_not_invented(desk: Desk) -> None:
    order = desk.acknowledged()
    draft = desk.do(StatusTold(desk.status(order, EngineOrderStatus.FILLED, cum_quantity_e8=100 * E8)))
    assert desk.now(order).filled_e8 == 0
    assert draft.alarms


def test_a_kept_cancel_goes_out_once_the_engine_is_known_to_hold_the_order(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(LinkDown("gone"))
    desk.do(desk.cancel_input(order.id))
    desk.go_live(last_seq=1)
    draft = desk.do(StatusTold(desk.status(desk.now(order), EngineOrderStatus.NEW)))
    assert isinstance(draft.to_engine[0], CancelOrder)


def test_a_cancel_without_an_answer_is_sent_again_after_a_question(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.cancel_input(order.id))
    desk.now_us += 3 * SECOND_US
    assert isinstance(desk.do(Tick()).to_engine[0], OrderStatusRequest)
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    desk.do(StatusTold(desk.status(desk.now(order), EngineOrderStatus.NEW)))
    assert sum(isinstance(message, CancelOrder) for message in desk.sent) == 2


def test_a_canceled_order_in_doubt_that_never_arrived_is_denied(desk: Desk) -> None:
    order = desk.place()
    desk.restart()
    desk.do(desk.cancel_input(order.id))
    desk.go_live()
    desk.do(StatusTold(desk.status(desk.now(order), None)))
    assert desk.now(order).status is OrderStatus.DENIED


def test_a_question_without_an_answer_is_asked_again(desk: Desk) -> None:
    in_doubt(desk)
    asked = sum(isinstance(message, OrderStatusRequest) for message in desk.sent)
    desk.now_us += 2 * SECOND_US
    desk.do(Tick())
    assert sum(isinstance(message, OrderStatusRequest) for message in desk.sent) == asked + 1


def test_every_order_that_a_new_epoch_does_not_list_is_asked_for_before_new_ones_are_taken(desk: Desk) -> None:
    orders = [desk.acknowledged(f"a-{number}") for number in range(3)]
    desk.do(LinkDown("restarted"))
    desk.go_live(epoch=EPOCH + 1, forgetful=True)
    assert desk.book.link.phase is Phase.ASKING
    for order in orders:
        desk.do(StatusTold(desk.status(order, EngineOrderStatus.NEW, epoch=EPOCH + 1, last_seq=0)))
    assert desk.book.link.phase is Phase.LIVE


def test_a_late_reply_is_counted_and_changes_nothing(desk: Desk) -> None:
    order = desk.acknowledged()
    command = desk.last(NewOrder)
    desk.do(Replied(desk.reply(command)))
    draft = desk.do(Replied(desk.reply(command)))
    assert draft.counts["unmatched_replies"] == 1
    assert desk.now(order).status is OrderStatus.NEW
