"""What becomes of an order that the engine holds and that was not sent from here?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import CancelOrder
from bridge.wire.vocabulary import ExecType, OrderType, Side
from orders.core.inputs import Reported
from orders.core.state import OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import ANN, BOB, E8, Desk, refusal_code

UNSEEN = uuid.UUID(int=77)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    desk.owners = {"ann": ANN, "bob": BOB}
    return desk


@pytest.fixture
def model(desk: Desk) -> OrderState:
    """An order of ours, of whose kind the others are."""
    return desk.acknowledged()


def foreign(desk: Desk, model: OrderState, kind: ExecType = ExecType.NEW, **fields: Any) -> Reported:
    return desk.report(model, kind, **{"order_id": UNSEEN, "client_order_id": "desk-phone-7", **fields})


def test_it_is_taken_in_under_the_accounts_user_and_people_are_alarmed(desk: Desk, model: OrderState) -> None:
    draft = desk.do(foreign(desk, model))
    order = desk.orders[UNSEEN]
    assert (order.user, order.account, order.desk) == (ANN.user, ANN.account, ANN.desk)
    assert (order.external, order.status, order.client_order_id) == (True, OrderStatus.NEW, "desk-phone-7")
    assert (order.order_type, order.quantity_e8, order.price_e8) == (OrderType.LIMIT, 100 * E8, 150 * E8)
    assert desk.events(order) == [OrderEvent.ADOPTED, OrderEvent.ACKNOWLEDGED]
    assert [alarm.sentence for alarm in draft.alarms] == ["The engine holds an order that was not sent from here"]
    assert [audit.action for audit in draft.audits] == ["order.adopted"]
    assert not draft.quarantined


def test_its_fills_count_like_any_others(desk: Desk, model: OrderState) -> None:
    desk.do(foreign(desk, model, ExecType.TRADE, fill=(40, 150), side=Side.SELL))
    assert (desk.orders[UNSEEN].status, desk.orders[UNSEEN].filled_e8) == (OrderStatus.PARTIALLY_FILLED, 40 * E8)
    assert desk.positions[ANN.account, "AAPL"].quantity_e8 == -40 * E8


def test_it_can_be_cancelled(desk: Desk, model: OrderState) -> None:
    desk.do(foreign(desk, model))
    desk.do(desk.cancel_input(UNSEEN))
    assert desk.last(CancelOrder).client_order_id == "desk-phone-7"
    desk.do(desk.report(desk.orders[UNSEEN], ExecType.CANCELED))
    assert desk.orders[UNSEEN].status is OrderStatus.CANCELED


def test_its_client_order_id_is_used_up(desk: Desk, model: OrderState) -> None:
    desk.do(foreign(desk, model))
    assert refusal_code(desk.do(desk.place_input("desk-phone-7"))) == "CLIENT_ORDER_ID_REUSED"


def test_one_that_has_ended_already_is_taken_in_too(desk: Desk, model: OrderState) -> None:
    desk.do(foreign(desk, model, ExecType.CANCELED))
    assert desk.orders[UNSEEN].status is OrderStatus.CANCELED


def test_fills_from_before_are_missed_aloud(desk: Desk, model: OrderState) -> None:
    draft = desk.do(foreign(desk, model, ExecType.TRADE, fill=(10, 150), cum_quantity_e8=50 * E8))
    assert "Executions of an order are missing" in [alarm.sentence for alarm in draft.alarms]


def test_two_reports_in_one_batch_make_one_order(desk: Desk, model: OrderState) -> None:
    first = foreign(desk, model)
    second = foreign(desk, model, ExecType.TRADE, fill=(40, 150), seq=first.report.seq + 1)
    desk.do(first, second)
    assert desk.events(desk.orders[UNSEEN]) == [
        OrderEvent.ADOPTED,
        OrderEvent.ACKNOWLEDGED,
        OrderEvent.PARTIALLY_FILLED,
    ]


@pytest.mark.parametrize(
    ("prices", "order_type"),
    [
        ({"price_e8": None}, OrderType.MARKET),
        ({"stop_price_e8": 150 * E8}, OrderType.STOP_LIMIT),
        ({"price_e8": None, "stop_price_e8": 150 * E8}, OrderType.STOP),
    ],
)
def test_its_type_is_the_plainest_that_fits_its_prices(
    desk: Desk, model: OrderState, prices: dict[str, Any], order_type: OrderType
) -> None:
    desk.do(foreign(desk, model, **prices))
    assert desk.orders[UNSEEN].order_type is order_type


@pytest.mark.parametrize("strange", [{"account": "nobody"}, {"symbol": "NONE"}, {"client_order_id": "a-1"}])
def test_what_fits_nobody_is_set_aside_with_an_alarm(desk: Desk, model: OrderState, strange: dict[str, str]) -> None:
    draft = desk.do(foreign(desk, model, **strange))
    assert len(draft.quarantined) == len(draft.alarms) == 1
    assert UNSEEN not in desk.orders


def test_it_is_known_after_a_restart(desk: Desk, model: OrderState) -> None:
    desk.do(foreign(desk, model))
    desk.restart()
    assert desk.book.orders[UNSEEN].external


def test_another_account_cannot_touch_it(desk: Desk, model: OrderState) -> None:
    desk.do(foreign(desk, model))
    request = desk.cancel_input(UNSEEN)
    stranger = request._replace(request=replace(request.request, caller=BOB))
    assert refusal_code(desk.do(stranger)) == "NOT_FOUND"
