"""What is decided while nothing new may leave for the engine?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import CancelOrder
from orders.core.outcomes import OrderReply
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import E8, Desk, refusal_code

WHY = "2 orders have left, 1 are journalled"


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def test_a_new_order_is_refused_and_nothing_is_written(desk: Desk) -> None:
    desk.book.tripped = WHY
    draft = desk.do(desk.place_input())
    assert refusal_code(draft) == "ORDERS_STOPPED"
    assert WHY in draft.replies[0].error.detail  # type: ignore[union-attr]
    assert not draft.writes


def test_an_order_that_is_there_is_still_told(desk: Desk) -> None:
    asked = desk.place_input()
    desk.do(asked)
    desk.book.tripped = WHY
    (reply,) = desk.do(asked).replies
    assert isinstance(reply, OrderReply)
    assert not reply.created


def test_a_change_is_refused(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.book.tripped = WHY
    assert refusal_code(desk.do(desk.replace_input(order.id, quantity_e8=200 * E8))) == "ORDERS_STOPPED"
    assert desk.now(order).status is OrderStatus.NEW


def test_a_cancel_is_sent(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.book.tripped = WHY
    desk.do(desk.cancel_input(order.id))
    assert desk.last(CancelOrder).order_id == order.id


def test_once_it_is_rearmed_orders_are_taken(desk: Desk) -> None:
    desk.book.tripped = WHY
    desk.do(desk.place_input("a-1"))
    desk.book.tripped = ""
    assert desk.place("a-1").status is OrderStatus.PENDING_NEW
