"""Does each report count exactly once, whatever the way did to it?"""

from __future__ import annotations

import uuid

import pytest
from msgspec.structs import replace

from bridge.wire.messages import ReplayRequest
from bridge.wire.vocabulary import ExecType, Side
from orders.core.inputs import EngineBeat
from orders.core.state import Cursor, OrderState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import E8, EPOCH, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


@pytest.fixture
def order(desk: Desk) -> OrderState:
    return desk.acknowledged()


def test_a_fill_changes_order_execution_and_position_together(desk: Desk, order: OrderState) -> None:
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    now = desk.now(order)
    assert (now.status, now.filled_e8, now.average_price_e8) == (OrderStatus.PARTIALLY_FILLED, 40 * E8, 150 * E8)
    assert len(desk.executions) == 1
    (position,) = desk.positions.values()
    assert (position.quantity_e8, position.account) == (40 * E8, order.account)


def test_the_average_price_comes_from_exact_sums(desk: Desk, order: OrderState) -> None:
    desk.do(desk.report(order, ExecType.TRADE, fill=(30, 150)))
    desk.do(desk.report(desk.now(order), ExecType.TRADE, fill=(70, 151)))
    assert desk.now(order).average_price_e8 == 150_70000000
    assert desk.now(order).status is OrderStatus.FILLED


def test_a_repeated_report_is_counted_and_ignored(desk: Desk, order: OrderState) -> None:
    fill = desk.report(order, ExecType.TRADE, fill=(40, 150))
    desk.do(fill)
    draft = desk.do(fill, fill)
    assert draft.counts["repeated_reports"] == 2
    assert desk.now(order).filled_e8 == 40 * E8


def test_a_repeated_execution_under_a_new_number_is_counted_and_ignored(desk: Desk, order: OrderState) -> None:
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150), exec_id="x"))
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150), exec_id="x"))
    assert draft.counts["repeated_executions"] == 1
    assert desk.now(order).filled_e8 == 40 * E8
    assert desk.book.cursor == Cursor(EPOCH, 3)


def test_another_execution_under_a_used_id_is_quarantined(desk: Desk, order: OrderState) -> None:
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150), exec_id="x"))
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(41, 150), exec_id="x"))
    assert len(draft.quarantined) == len(draft.alarms) == 1


def test_two_fills_in_one_batch_both_count(desk: Desk, order: OrderState) -> None:
    first = desk.report(order, ExecType.TRADE, fill=(40, 150))
    second = desk.report(order, ExecType.TRADE, fill=(60, 150), seq=3, cum_quantity_e8=100 * E8)
    desk.do(first, second)
    assert desk.now(order).status is OrderStatus.FILLED
    (position,) = desk.positions.values()
    assert position.quantity_e8 == 100 * E8


def test_a_fill_before_the_acknowledgement_counts(desk: Desk) -> None:
    order = desk.place()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    desk.do(desk.report(desk.now(order), ExecType.NEW))
    assert desk.now(order).status is OrderStatus.PARTIALLY_FILLED


def test_a_fill_after_a_cancel_still_counts(desk: Desk, order: OrderState) -> None:
    desk.do(desk.report(order, ExecType.CANCELED))
    desk.do(desk.report(desk.now(order), ExecType.TRADE, fill=(40, 150)))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (OrderStatus.CANCELED, 40 * E8)


def test_a_fill_while_a_cancel_is_pending_leaves_it_pending(desk: Desk, order: OrderState) -> None:
    desk.do(desk.cancel_input(order.id))
    desk.do(desk.report(desk.now(order), ExecType.TRADE, fill=(40, 150)))
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL


def test_an_overfill_counts_and_is_alarmed(desk: Desk, order: OrderState) -> None:
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(140, 150)))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (OrderStatus.FILLED, 140 * E8)
    assert draft.alarms[0].sentence == "An order was overfilled"


def test_a_cumulative_quantity_above_the_sum_is_alarmed(desk: Desk, order: OrderState) -> None:
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(10, 150), cum_quantity_e8=50 * E8))
    assert desk.now(order).filled_e8 == 10 * E8
    assert draft.alarms[0].sentence == "Executions of an order are missing"


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"cum_quantity_e8": 5 * E8}, "The engine counts fewer fills of an order than it has told"),
        ({"quantity_e8": 90 * E8}, "The engine trades an order under another total"),
        ({"leaves_quantity_e8": 91 * E8}, "The engine's quantities of an order do not add up"),
    ],
)
def test_quantities_that_cannot_be_are_alarmed_and_the_trade_counts(
    desk: Desk, order: OrderState, told: dict[str, int], sentence: str
) -> None:
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(10, 150), **told))
    assert [alarm.sentence for alarm in draft.alarms] == [sentence]
    assert (desk.now(order).filled_e8, desk.now(order).quantity_e8) == (10 * E8, 100 * E8)


@pytest.mark.parametrize("lie", [{"symbol": "IBM"}, {"side": Side.SELL}])
def test_a_trade_in_another_symbol_or_on_the_other_side_is_quarantined(
    desk: Desk, order: OrderState, lie: dict[str, object]
) -> None:
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150), **lie))
    assert len(draft.quarantined) == len(draft.alarms) == 1
    assert desk.now(order).filled_e8 == 0 and not desk.positions


def test_a_report_for_an_unknown_order_is_set_aside_and_what_follows_is_applied(desk: Desk, order: OrderState) -> None:
    draft = desk.do(
        desk.report(order, ExecType.NEW, order_id=uuid.UUID(int=5)),
        desk.report(order, ExecType.TRADE, fill=(40, 150), seq=3),
    )
    assert len(draft.quarantined) == 1
    assert desk.now(order).filled_e8 == 40 * E8


@pytest.mark.parametrize("lie", [{"account": "bob"}, {"client_order_id": "b-1"}])
def test_a_report_that_mixes_up_orders_is_quarantined(desk: Desk, order: OrderState, lie: dict[str, str]) -> None:
    draft = desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150), **lie))
    assert len(draft.quarantined) == 1 and desk.now(order).filled_e8 == 0


def test_an_impossible_event_is_quarantined_and_changes_nothing(desk: Desk, order: OrderState) -> None:
    desk.do(desk.report(order, ExecType.TRADE, fill=(100, 150)))
    draft = desk.do(desk.report(desk.now(order), ExecType.REJECTED))
    assert len(draft.quarantined) == len(draft.alarms) == 1
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.book.cursor == Cursor(EPOCH, 3)


def test_a_gap_stops_applying_and_asks_for_a_replay_once(desk: Desk, order: OrderState) -> None:
    early = desk.report(order, ExecType.TRADE, fill=(40, 150), seq=5)
    draft = desk.do(early, early)
    assert desk.now(order).filled_e8 == 0
    assert [request for request in draft.to_engine if isinstance(request, ReplayRequest)] == [
        ReplayRequest(session=1, epoch=EPOCH, after_seq=1)
    ]


def test_a_heartbeat_shows_a_loss_at_the_tail(desk: Desk, order: OrderState) -> None:
    assert isinstance(desk.do(EngineBeat(EPOCH, 2)).to_engine[0], ReplayRequest)
    assert not desk.do(EngineBeat(EPOCH, 1)).to_engine


def test_a_rejected_order_names_the_engine_as_the_reason(desk: Desk) -> None:
    order = desk.place()
    desk.do(desk.report(order, ExecType.REJECTED, reason="closed"))
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.REJECTED, "ENGINE_REJECTED")
    assert desk.history[-1].details == {"engineReason": "closed"}


def test_every_event_names_the_request_that_it_goes_back_to(desk: Desk) -> None:
    order = desk.acknowledged("t-1", trace="placing")
    cancel = desk.cancel_input(order.id)
    desk.do(cancel._replace(request=replace(cancel.request, trace="canceling")))
    desk.do(desk.report(desk.now(order), ExecType.CANCELED))
    told = [each.details["requestId"] for each in desk.history if each.order.id == order.id]
    assert told == ["placing", "placing", "canceling", "canceling"]


def test_an_event_of_no_request_names_none(desk: Desk, order: OrderState) -> None:
    assert [each.details for each in desk.history if each.order.id == order.id] == [{}, {}]
