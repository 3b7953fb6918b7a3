"""What does the core answer to those who place and cancel?"""

from __future__ import annotations

import uuid

import pytest
from msgspec.structs import replace

from bridge.wire.messages import CancelOrder, NewOrder, OrderStatusRequest
from bridge.wire.vocabulary import ExecType, OrderType, RejectCode, ReplyOutcome, TimeInForce
from orders.core.inputs import Replied, Tick
from orders.core.outcomes import CancelAllReply, OrderReply
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import Caller
from tests.orders.core.desk import ANN, BOB, E8, SECOND_US, Desk, refusal_code


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def test_an_accepted_order_is_pending_and_its_command_is_claimed(desk: Desk) -> None:
    order = desk.place()
    command = desk.last(NewOrder)
    assert order.status is OrderStatus.PENDING_NEW
    assert (command.session, command.command_seq) in desk.commands
    assert (command.order_id, command.client_order_id, command.instrument_id) == (order.id, "a-1", 1)


def test_a_command_has_a_deadline(desk: Desk) -> None:
    desk.place()
    assert desk.last(NewOrder).deadline_us == desk.now_us + 2 * SECOND_US


def test_the_exchange_defaults_to_the_instruments(desk: Desk) -> None:
    assert desk.place(symbol="IBM").exchange == "XNYS"


def test_the_same_body_again_gives_the_order_as_it_is_and_sends_nothing(desk: Desk) -> None:
    order = desk.place()
    desk.do(desk.report(order, ExecType.NEW))
    sent = len(desk.sent)
    draft = desk.do(desk.place_input())
    reply = draft.replies[0]
    assert isinstance(reply, OrderReply)
    assert (reply.order.id, reply.order.status, reply.created) == (order.id, OrderStatus.NEW, False)
    assert len(desk.sent) == sent


def test_a_default_written_out_is_the_same_body(desk: Desk) -> None:
    first = desk.place()
    assert desk.place(exchange="XNAS").id == first.id


def test_a_repeat_within_one_batch_sees_the_first(desk: Desk) -> None:
    draft = desk.do(desk.place_input(), desk.place_input())
    ids = {reply.order.id for reply in draft.replies if isinstance(reply, OrderReply)}
    assert len(ids) == 1 and len(desk.orders) == 1


def test_fifty_equal_requests_make_one_order(desk: Desk) -> None:
    draft = desk.do(*[desk.place_input() for _ in range(50)])
    assert len(draft.replies) == 50 and len(desk.orders) == 1
    assert sum(isinstance(message, NewOrder) for message in desk.sent) == 1


def test_another_body_under_the_same_id_is_a_conflict(desk: Desk) -> None:
    desk.place()
    assert refusal_code(desk.do(desk.place_input(quantity_e8=200 * E8))) == "CLIENT_ORDER_ID_REUSED"


def test_client_order_ids_are_compared_byte_for_byte(desk: Desk) -> None:
    assert desk.place("a-1").id != desk.place("A-1").id


def test_two_accounts_may_use_the_same_client_order_id(desk: Desk) -> None:
    assert desk.place().id != desk.place(caller=BOB).id


@pytest.mark.parametrize(
    ("fields", "code", "attr"),
    [
        ({"symbol": "NOPE"}, "UNKNOWN_INSTRUMENT", "symbol"),
        ({"exchange": "XNYS"}, "UNKNOWN_INSTRUMENT", "exchange"),
        ({"price_e8": 150 * E8 + 1}, "OFF_TICK", "price"),
        ({"quantity_e8": E8 + 1}, "OFF_LOT", "quantity"),
        ({"price_e8": None}, "VALIDATION_FAILED", "price"),
        ({"order_type": OrderType.MARKET}, "VALIDATION_FAILED", "price"),
        ({"order_type": OrderType.STOP, "price_e8": None}, "VALIDATION_FAILED", "stopPrice"),
        ({"stop_price_e8": E8}, "VALIDATION_FAILED", "stopPrice"),
        ({"time_in_force": TimeInForce.GTD}, "VALIDATION_FAILED", "expiresAt"),
        ({"time_in_force": TimeInForce.GTD, "expires_at_us": 1}, "VALIDATION_FAILED", "expiresAt"),
        ({"expires_at_us": 2**62}, "VALIDATION_FAILED", "expiresAt"),
    ],
)
def test_what_cannot_be_taken_is_named_and_leaves_nothing(
    desk: Desk, fields: dict[str, object], code: str, attr: str
) -> None:
    draft = desk.do(desk.place_input(**fields))
    error = draft.replies[0].error  # type: ignore[union-attr]
    assert (error.status, error.code, error.errors[0]["attr"]) == (422, code, attr)
    assert not draft.writes and not desk.orders


def test_a_refused_body_does_not_use_up_the_id(desk: Desk) -> None:
    desk.do(desk.place_input(price_e8=150 * E8 + 1))
    assert desk.place().status is OrderStatus.PENDING_NEW


def test_all_faults_are_named_at_once(desk: Desk) -> None:
    draft = desk.do(desk.place_input(price_e8=1, quantity_e8=1))
    assert len(draft.replies[0].error.errors) == 2  # type: ignore[union-attr]


def test_a_request_past_its_deadline_is_not_decided(desk: Desk) -> None:
    draft = desk.do(desk.place_input(deadline_us=desk.now_us))
    assert refusal_code(draft) == "ORDER_BRIDGE_UNAVAILABLE" and not desk.orders


def test_without_the_engine_a_new_order_is_refused_and_nothing_is_written() -> None:
    desk = Desk()
    draft = desk.do(desk.place_input())
    assert refusal_code(draft) == "ENGINE_UNAVAILABLE"
    assert not draft.writes


def test_without_the_engine_a_repeat_is_still_answered(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.restart()
    reply = desk.do(desk.place_input()).replies[0]
    assert isinstance(reply, OrderReply) and reply.order.id == order.id


# --- cancelling ----------------------------------------------------------------------------------------------------
def test_a_cancel_is_pending_until_the_engine_has_spoken(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.cancel_input(order.id))
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    assert desk.last(CancelOrder).order_id == order.id
    desk.do(desk.report(desk.now(order), ExecType.CANCELED))
    assert desk.now(order).status is OrderStatus.CANCELED


def test_a_second_cancel_sends_nothing_more(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.cancel_input(order.id))
    draft = desk.do(desk.cancel_input(order.id))
    assert isinstance(draft.replies[0], OrderReply) and not draft.to_engine and not draft.writes


def test_an_ended_order_cannot_be_canceled(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.CANCELED))
    assert refusal_code(desk.do(desk.cancel_input(order.id))) == "ORDER_FINAL"


def test_anothers_order_looks_as_if_it_were_not_there(desk: Desk) -> None:
    order = desk.acknowledged()
    theirs = desk.do(desk.cancel_input(order.id, caller=BOB))
    nobodys = desk.do(desk.cancel_input(uuid.UUID(int=99), caller=BOB))
    assert refusal_code(theirs) == refusal_code(nobodys) == "NOT_FOUND"
    assert desk.now(order).status is OrderStatus.NEW


def test_a_cancel_while_the_link_is_down_is_kept(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.restart()
    draft = desk.do(desk.cancel_input(order.id))
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    assert not draft.to_engine


def test_cancel_all_takes_the_callers_open_orders_only(desk: Desk) -> None:
    mine = [desk.acknowledged(f"a-{number}") for number in range(3)]
    ended = desk.acknowledged("a-9")
    desk.do(desk.report(ended, ExecType.CANCELED))
    theirs = desk.acknowledged(caller=BOB)
    reply = desk.do(desk.cancel_all_input()).replies[0]
    assert isinstance(reply, CancelAllReply)
    assert [item.id for item in reply.items] == [order.id for order in mine]
    assert desk.now(theirs).status is OrderStatus.NEW


def test_cancel_all_may_mean_some_symbols_only(desk: Desk) -> None:
    apple, ibm = desk.acknowledged(), desk.acknowledged("a-2", symbol="IBM")
    desk.do(desk.cancel_all_input(symbols=["IBM"]))
    assert [desk.now(order).status for order in (apple, ibm)] == [OrderStatus.NEW, OrderStatus.PENDING_CANCEL]


def test_the_head_of_a_desk_cancels_all_its_orders_under_his_name(desk: Desk) -> None:
    head = replace(ANN, user=uuid.UUID(int=9), account=uuid.UUID(int=19), account_name="head", heads_desk=True)
    order, theirs = desk.acknowledged(), desk.acknowledged("b-1", caller=BOB)
    draft = desk.do(desk.cancel_all_input(head, desk=ANN.desk))
    assert [desk.now(each).status for each in (order, theirs)] == [OrderStatus.PENDING_CANCEL, OrderStatus.NEW]
    assert [(audit.user, audit.action) for audit in draft.audits] == [(head.user, "order.cancel")]
    assert desk.history[-1].details["requestedBy"] == str(head.user)


@pytest.mark.parametrize("stranger", [ANN, replace(BOB, heads_desk=True)])
def test_nobody_else_cancels_the_orders_of_a_desk(desk: Desk, stranger: Caller) -> None:
    order = desk.acknowledged()
    assert refusal_code(desk.do(desk.cancel_all_input(stranger, desk=ANN.desk))) == "FORBIDDEN"
    assert desk.now(order).status is OrderStatus.NEW


def test_a_cancel_all_that_comes_late_does_nothing(desk: Desk) -> None:
    order = desk.acknowledged()
    assert refusal_code(desk.do(desk.cancel_all_input(deadline_us=1))) == "ORDER_BRIDGE_UNAVAILABLE"
    assert desk.now(order).status is OrderStatus.NEW


def test_every_write_leaves_an_audit_row(desk: Desk) -> None:
    order = desk.place()
    desk.do(desk.cancel_input(order.id))
    actions = [audit.action for draft in desk.drafts for audit in draft.audits]
    assert actions == ["order.place", "order.cancel"]


def test_the_history_numbers_have_no_hole(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.cancel_input(order.id))
    desk.do(desk.report(desk.now(order), ExecType.CANCELED))
    numbers = [each.order.version for each in desk.history]
    assert numbers == [1, 2, 3, 4]
    assert desk.events(order) == [
        OrderEvent.ACCEPTED,
        OrderEvent.ACKNOWLEDGED,
        OrderEvent.CANCEL_REQUESTED,
        OrderEvent.CANCELED,
    ]


def test_a_cancel_the_engine_refuses_leads_to_a_question(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.cancel_input(order.id))
    reply = desk.reply(desk.last(CancelOrder), ReplyOutcome.REJECTED, code=RejectCode.ORDER_FINAL)
    desk.do(Replied(reply))
    desk.now_us += 2 * SECOND_US
    assert isinstance(desk.do(Tick()).to_engine[0], OrderStatusRequest)
