"""What of an order that is kept back: is it durable, never taken for one in doubt, and let go or ended once?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import NewOrder, OrderStatusRequest
from bridge.wire.vocabulary import TimeInForce
from orders.core.draft import Draft
from orders.core.holding import hold, let_go
from orders.core.inputs import Tick
from orders.core.requesting import new_order
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import SECOND_US, START_US, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def committed(desk: Desk, draft: Draft) -> None:
    for each in draft.happenings:
        desk._keep(each)
    draft.adopt()
    desk.sent.extend(draft.to_engine)


def held(desk: Desk, **fields: object) -> OrderState:
    draft = Draft(desk.book, desk.now_us)
    order = hold(draft, new_order(draft, desk.place_input(**fields), "XNAS"), Held.APPROVAL, {})  # type: ignore[arg-type]
    committed(desk, draft)
    return order


def test_a_held_order_is_pending_and_nothing_of_it_is_sent(desk: Desk) -> None:
    order = held(desk)
    assert (order.status, order.reason) == (OrderStatus.PENDING_NEW, "AWAITING_APPROVAL")
    desk.now_us += 60 * SECOND_US
    desk.do(Tick())
    assert not [sent for sent in desk.sent if isinstance(sent, NewOrder | OrderStatusRequest)]
    assert desk.now(order).status is OrderStatus.PENDING_NEW, "Nobody's answer is overdue."


def test_a_restart_and_a_reconciliation_leave_it_as_it_is(desk: Desk) -> None:
    order = held(desk)
    desk.restart()
    desk.go_live()
    desk.do(Tick())
    assert desk.now(order) == order
    assert not [sent for sent in desk.sent if isinstance(sent, NewOrder | OrderStatusRequest)]


def test_let_go_it_is_sent_once(desk: Desk) -> None:
    order = held(desk)
    draft = Draft(desk.book, desk.now_us)
    let_go(draft, order, {})
    committed(desk, draft)
    assert [sent.order_id for sent in desk.sent if isinstance(sent, NewOrder)] == [order.id]
    assert (desk.now(order).held, desk.now(order).reason) == (Held.NOT, "")


def test_a_cancel_ends_it_here_even_while_the_link_is_down() -> None:
    desk = Desk()
    order = held(desk)
    desk.do(desk.cancel_input(order.id))
    assert desk.now(order).status is OrderStatus.CANCELED
    assert not desk.sent


def test_it_expires_here_at_its_date(desk: Desk) -> None:
    expires_at_us = START_US + 5 * SECOND_US
    order = held(desk, time_in_force=TimeInForce.GTD, expires_at_us=expires_at_us)
    desk.now_us = expires_at_us + 3 * SECOND_US
    desk.do(Tick())
    assert desk.now(order).status is OrderStatus.EXPIRED
