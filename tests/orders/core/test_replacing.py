"""What becomes of an order whose terms a caller wants changed, whatever the engine does meanwhile?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from bridge.wire.messages import CancelOrder, OrderStatusRequest, ReplaceOrder, ReplayDone
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, RejectCode, ReplyOutcome
from orders.core.inputs import LinkDown, LinkUp, NotSent, Replayed, Replied, StatusTold, Tick
from orders.core.state import OrderState
from orders.lifecycle import OrderEvent as E
from orders.lifecycle import OrderStatus as S
from tests.orders.core.desk import BOB, E8, EPOCH, INSTRUMENTS, SECOND_US, Desk, refusal_code

CENT = 10**6


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def replaced(desk: Desk, order: OrderState, **terms: Any) -> OrderState:
    """The engine has done it."""
    desk.do(desk.report(desk.now(order), ExecType.REPLACED, **terms))
    return desk.now(order)


def refused(desk: Desk, code: RejectCode = RejectCode.INVALID_ORDER) -> None:
    desk.do(Replied(desk.reply(desk.last(ReplaceOrder), ReplyOutcome.REJECTED, code=code, reason="No.")))


# --- the request ---------------------------------------------------------------------------------------------------
def test_a_change_is_pending_under_the_old_terms_and_its_command_is_claimed(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8, price_e8=151 * E8)
    command = desk.last(ReplaceOrder)
    assert (order.status, order.quantity_e8, order.price_e8) == (S.PENDING_REPLACE, 100 * E8, 150 * E8)
    assert (command.quantity_e8, command.price_e8, command.stop_price_e8) == (150 * E8, 151 * E8, None)
    assert desk.commands[command.session, command.command_seq].deadline_us == command.deadline_us
    assert desk.history[-1].details == {"quantity": "150", "price": "151"}
    assert desk.drafts[-1].audits[0].details["wanted"] == {"quantity": "150", "price": "151"}


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({}, "VALIDATION_FAILED"),
        ({"quantity_e8": 100 * E8, "price_e8": 150 * E8}, "VALIDATION_FAILED"),
        ({"price_e8": 150 * E8 + 1}, "OFF_TICK"),
        ({"quantity_e8": E8 // 2}, "OFF_LOT"),
        ({"quantity_e8": 40 * E8}, "VALIDATION_FAILED"),
        ({"quantity_e8": 39 * E8}, "VALIDATION_FAILED"),
        ({"stop_price_e8": 150 * E8}, "VALIDATION_FAILED"),
        ({"quantity_e8": 150 * E8, "deadline_us": 1}, "ORDER_BRIDGE_UNAVAILABLE"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_leaves_nothing(desk: Desk, terms: dict[str, Any], code: str) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    draft = desk.do(desk.replace_input(order.id, **terms))
    assert refusal_code(draft) == code
    assert not draft.writes and not draft.to_engine


def test_a_market_order_takes_no_price(desk: Desk) -> None:
    order = desk.acknowledged(order_type=OrderType.MARKET, price_e8=None)
    draft = desk.do(desk.replace_input(order.id, price_e8=E8))
    assert draft.replies[0].error.errors[0]["attr"] == "price"  # type: ignore[union-attr]


def test_foreign_and_unknown_orders_are_not_there(desk: Desk) -> None:
    order = desk.acknowledged()
    assert refusal_code(desk.do(desk.replace_input(order.id, caller=BOB, price_e8=E8))) == "NOT_FOUND"
    assert refusal_code(desk.do(desk.replace_input(uuid.uuid4(), price_e8=E8))) == "NOT_FOUND"


def test_an_ended_order_is_final(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.CANCELED))
    assert refusal_code(desk.do(desk.replace_input(order.id, price_e8=E8))) == "ORDER_FINAL"


def test_one_change_at_a_time_and_none_beside_a_cancel(desk: Desk) -> None:
    changing, leaving = desk.acknowledged("a-1"), desk.acknowledged("a-2")
    desk.replace(changing, price_e8=151 * E8)
    desk.do(desk.cancel_input(leaving.id))
    for order in (changing, leaving):
        assert refusal_code(desk.do(desk.replace_input(order.id, price_e8=152 * E8))) == "ORDER_PENDING"


def test_an_order_in_doubt_is_not_changed(desk: Desk) -> None:
    order = desk.place()
    desk.now_us += 3 * SECOND_US
    desk.do(Tick())
    assert desk.now(order).status is S.UNKNOWN
    assert refusal_code(desk.do(desk.replace_input(order.id, price_e8=E8))) == "ORDER_PENDING"


def test_without_the_engine_nothing_is_written(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(LinkDown("gone"))
    draft = desk.do(desk.replace_input(order.id, price_e8=151 * E8))
    assert refusal_code(draft) == "ENGINE_UNAVAILABLE"
    assert not draft.writes


# --- what the engine makes of it -----------------------------------------------------------------------------------
def test_the_order_has_the_terms_that_the_engine_tells(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8, price_e8=151 * E8)
    order = replaced(desk, order, quantity_e8=140 * E8, price_e8=151 * E8 + CENT)
    assert (order.status, order.quantity_e8, order.price_e8) == (S.NEW, 140 * E8, 151 * E8 + CENT)
    assert desk.history[-1].details["quantity"] == "140"
    assert not desk.book.replaces and not desk.drafts[-1].alarms


def test_an_order_that_has_traded_is_partially_filled_again(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    order = replaced(desk, desk.replace(order, quantity_e8=50 * E8), quantity_e8=50 * E8)
    assert (order.status, order.quantity_e8, order.filled_e8) == (S.PARTIALLY_FILLED, 50 * E8, 40 * E8)
    desk.do(desk.report(order, ExecType.TRADE, fill=(10, 150)))
    assert desk.now(order).status is S.FILLED


def test_an_accepting_reply_is_not_the_outcome(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), price_e8=151 * E8)
    desk.do(Replied(desk.reply(desk.last(ReplaceOrder))))
    assert desk.now(order).status is S.PENDING_REPLACE
    assert replaced(desk, order, price_e8=151 * E8).status is S.NEW


def test_a_refused_change_leaves_the_order_as_it_was(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    desk.replace(order, quantity_e8=50 * E8)
    refused(desk)
    after = desk.now(order)
    assert (after.status, after.reason, after.quantity_e8) == (S.PARTIALLY_FILLED, "REPLACE_REJECTED", 100 * E8)
    assert desk.history[-1].details["engineCode"] == "INVALID_ORDER"
    desk.replace(order, quantity_e8=60 * E8)


def test_a_refusal_because_the_order_is_not_there_is_looked_into(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=50 * E8)
    refused(desk, RejectCode.ORDER_FINAL)
    desk.now_us += SECOND_US
    desk.do(Tick())
    assert desk.last(OrderStatusRequest).order_id == order.id


def test_fills_of_the_old_terms_count_while_the_change_is_pending(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8)
    desk.do(desk.report(order, ExecType.TRADE, fill=(60, 150)))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (S.PENDING_REPLACE, 60 * E8)


def test_a_fill_of_the_whole_old_total_ends_the_order_before_the_change(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8)
    desk.do(desk.report(order, ExecType.TRADE, fill=(100, 150)))
    refused(desk, RejectCode.ORDER_FINAL)
    assert (desk.now(order).status, desk.now(order).quantity_e8) == (S.FILLED, 100 * E8)
    command = desk.last(ReplaceOrder)
    assert desk.commands[command.session, command.command_seq].progress == "answered"
    assert not desk.book.replaces


def test_a_total_that_is_filled_already_ends_the_order(desk: Desk) -> None:
    """Not every engine refuses it."""
    order = desk.replace(desk.acknowledged(), quantity_e8=50 * E8)
    desk.do(desk.report(order, ExecType.TRADE, fill=(50, 150)))
    order = replaced(desk, order, quantity_e8=50 * E8)
    assert (order.status, order.quantity_e8) == (S.FILLED, 50 * E8)
    assert desk.events(order)[-2:] == [E.REPLACED, E.FILLED]


def test_a_change_of_an_order_without_an_acknowledgement_yet_follows_it(desk: Desk) -> None:
    order = desk.replace(desk.place(), price_e8=151 * E8)
    desk.do(desk.report(order, ExecType.NEW))
    assert desk.now(order).status is S.PENDING_REPLACE
    assert replaced(desk, order, price_e8=151 * E8).price_e8 == 151 * E8


def test_an_order_that_the_engine_refuses_takes_its_change_with_it(desk: Desk) -> None:
    order = desk.place()
    desk.replace(order, price_e8=151 * E8)
    refused(desk, RejectCode.UNKNOWN_ORDER)
    assert desk.now(order).status is S.PENDING_REPLACE
    desk.do(desk.report(order, ExecType.REJECTED, code=RejectCode.MARKET_CLOSED))
    assert desk.now(order).status is S.REJECTED


def test_a_change_nobody_asked_for_counts_and_is_alarmed(desk: Desk) -> None:
    order = replaced(desk, desk.acknowledged(), price_e8=149 * E8)
    assert (order.status, order.price_e8) == (S.NEW, 149 * E8)
    assert desk.drafts[-1].alarms


def test_a_change_of_a_filled_order_is_quarantined(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8)
    desk.do(desk.report(order, ExecType.TRADE, fill=(100, 150)))
    replaced(desk, order, quantity_e8=150 * E8)
    assert desk.drafts[-1].quarantined
    assert (desk.now(order).status, desk.now(order).quantity_e8) == (S.FILLED, 100 * E8)


# --- with a cancel behind it ---------------------------------------------------------------------------------------
def test_a_cancel_is_sent_behind_the_change(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8)
    desk.do(desk.cancel_input(order.id))
    assert desk.now(order).status is S.PENDING_CANCEL
    assert desk.last(CancelOrder).command_seq > desk.last(ReplaceOrder).command_seq


@pytest.mark.parametrize("done", [True, False])
def test_a_wanted_cancel_stays_wanted_whatever_becomes_of_the_change(desk: Desk, done: bool) -> None:
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8)
    desk.do(desk.cancel_input(order.id))
    if done:
        replaced(desk, order, quantity_e8=150 * E8)
    else:
        refused(desk)
    assert (desk.now(order).status, desk.now(order).quantity_e8) == (S.PENDING_CANCEL, (150 if done else 100) * E8)
    desk.do(desk.report(desk.now(order), ExecType.CANCELED))
    assert desk.now(order).status is S.CANCELED


# --- in doubt ------------------------------------------------------------------------------------------------------
def in_doubt(desk: Desk) -> OrderState:
    """A change without an answer, past its deadline."""
    order = desk.replace(desk.acknowledged(), quantity_e8=150 * E8, price_e8=151 * E8)
    desk.now_us += 3 * SECOND_US
    desk.do(Tick())
    return desk.now(order)


def told(desk: Desk, order: OrderState, **fields: Any) -> OrderState:
    """The engine holds the order, as we do or with other `fields`."""
    desk.do(StatusTold(desk.status(order, EngineOrderStatus.NEW, **fields)))
    return desk.now(order)


def test_silence_is_no_answer_and_the_engine_is_asked(desk: Desk) -> None:
    order = in_doubt(desk)
    assert order.status is S.PENDING_REPLACE
    assert desk.last(OrderStatusRequest).order_id == order.id
    assert sum(isinstance(message, ReplaceOrder) for message in desk.sent) == 1


def test_what_is_not_done_by_the_deadline_was_never_done(desk: Desk) -> None:
    order = told(desk, in_doubt(desk))
    assert (order.status, order.reason, order.quantity_e8) == (S.NEW, "REPLACE_REJECTED", 100 * E8)


def test_a_status_from_before_the_deadline_proves_nothing(desk: Desk) -> None:
    order = in_doubt(desk)
    deadline_us = desk.last(ReplaceOrder).deadline_us
    assert told(desk, order, sent_at_us=deadline_us).status is S.PENDING_REPLACE
    assert told(desk, order, sent_at_us=deadline_us + 1).status is S.NEW


def test_a_report_that_comes_after_all_settles_it(desk: Desk) -> None:
    order = replaced(desk, in_doubt(desk), quantity_e8=150 * E8, price_e8=151 * E8)
    assert (order.status, order.quantity_e8) == (S.NEW, 150 * E8)
    assert told(desk, order) == order


def test_a_status_ahead_of_the_reports_waits_for_them(desk: Desk) -> None:
    order = in_doubt(desk)
    assert told(desk, order, last_seq=desk.book.cursor.seq + 1).status is S.PENDING_REPLACE


def test_where_reports_are_gone_the_status_has_the_terms(desk: Desk) -> None:
    order = told(desk, in_doubt(desk), leaves_quantity_e8=150 * E8, price_e8=151 * E8)
    assert (order.status, order.quantity_e8, order.price_e8) == (S.NEW, 150 * E8, 151 * E8)
    assert desk.drafts[-1].alarms


def test_a_command_that_the_link_gave_back_was_not_done(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), price_e8=151 * E8)
    command = desk.last(ReplaceOrder)
    desk.do(NotSent(command.session, command.command_seq))
    assert (desk.now(order).status, desk.now(order).reason) == (S.NEW, "REPLACE_REJECTED")
    assert desk.commands[command.session, command.command_seq].progress == "not_sent"


@pytest.mark.parametrize("restarted", [True, False], ids=["bridge", "link"])
def test_after_a_lost_link_the_order_is_asked_for_before_new_orders_are_taken(desk: Desk, restarted: bool) -> None:
    order = desk.replace(desk.acknowledged(), price_e8=151 * E8)
    if restarted:
        desk.restart()
    else:
        desk.do(LinkDown("gone"))
    assert desk.now(order).status is S.PENDING_REPLACE
    desk.go_live(EPOCH, desk.book.cursor.seq)
    assert desk.last(OrderStatusRequest).order_id == order.id
    assert desk.book.link.phase == "asking"
    desk.now_us += 3 * SECOND_US
    assert told(desk, order).reason == "REPLACE_REJECTED"
    assert desk.book.link.phase == "live"


def test_a_newer_session_is_evidence_at_once(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), price_e8=151 * E8)
    desk.restart()
    desk.go_live(EPOCH, desk.book.cursor.seq)
    assert told(desk, order).status is S.NEW


def test_a_change_that_the_replay_brings_is_done(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), price_e8=151 * E8)
    desk.restart()
    desk.do(LinkUp(EPOCH, 2, INSTRUMENTS))
    done = desk.report(order, ExecType.REPLACED, price_e8=151 * E8)
    desk.do(done, Replayed(replay_done(desk)))
    assert (desk.now(order).status, desk.now(order).price_e8) == (S.NEW, 151 * E8)
    assert not desk.book.replaces


def replay_done(desk: Desk) -> ReplayDone:
    return ReplayDone(session=desk.book.session, epoch=EPOCH, last_seq=2, complete=True)


def test_an_engine_that_has_lost_the_order_has_lost_its_change_too(desk: Desk) -> None:
    order = desk.replace(desk.acknowledged(), price_e8=151 * E8)
    desk.do(LinkDown("gone"))
    desk.go_live(EPOCH + 1)
    desk.do(StatusTold(desk.status(order, None, epoch=EPOCH + 1, last_seq=0)))
    assert (desk.now(order).status, desk.now(order).reason) == (S.CANCELED, "ENGINE_LOST")
    assert not desk.book.replaces
