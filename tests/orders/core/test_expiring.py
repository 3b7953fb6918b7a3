"""Does a good-till-date order end at its date, by the engine's word alone, and does somebody hear if it does not?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import OrderStatusRequest
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, TimeInForce
from orders.core.expiring import AGAIN_US, GRACE_US
from orders.core.inputs import LinkDown, StatusTold, Tick
from orders.core.state import OrderState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import SECOND_US, START_US, Desk

DATE_US = START_US + 60 * SECOND_US


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


@pytest.fixture
def order(desk: Desk) -> OrderState:
    return desk.acknowledged(time_in_force=TimeInForce.GTD, expires_at_us=DATE_US)


def questions(desk: Desk) -> int:
    return sum(isinstance(message, OrderStatusRequest) for message in desk.sent)


def at(desk: Desk, now_us: int) -> None:
    desk.now_us = now_us
    desk.do(Tick())


def test_the_engine_ends_it(desk: Desk, order: OrderState) -> None:
    desk.now_us = DATE_US
    desk.do(desk.report(order, ExecType.EXPIRED))
    assert desk.now(order).status is OrderStatus.EXPIRED
    at(desk, DATE_US + GRACE_US)
    assert not questions(desk)


def test_it_is_not_ended_here_but_asked_for(desk: Desk, order: OrderState) -> None:
    at(desk, DATE_US + GRACE_US - 1)
    assert not questions(desk)
    at(desk, DATE_US + GRACE_US)
    assert questions(desk) == 1
    assert desk.now(order).status is OrderStatus.NEW
    desk.do(StatusTold(desk.status(order, EngineOrderStatus.EXPIRED)))
    assert desk.now(order).status is OrderStatus.EXPIRED


def test_an_engine_that_works_it_on_is_alarmed_about_and_asked_again(desk: Desk, order: OrderState) -> None:
    at(desk, DATE_US + GRACE_US + 1)
    draft = desk.do(StatusTold(desk.status(order, EngineOrderStatus.NEW)))
    assert [alarm.sentence for alarm in draft.alarms] == ["The engine works an order past its date"]
    assert desk.now(order).status is OrderStatus.NEW
    at(desk, desk.now_us + AGAIN_US - 1)
    assert questions(desk) == 1
    at(desk, desk.now_us + 1)
    assert questions(desk) == 2


def test_each_is_asked_for_at_its_own_date(desk: Desk, order: OrderState) -> None:
    later = desk.acknowledged("a-2", time_in_force=TimeInForce.GTD, expires_at_us=DATE_US + 5 * SECOND_US)
    at(desk, DATE_US + GRACE_US)
    at(desk, DATE_US + GRACE_US + 5 * SECOND_US)
    asked = [message.order_id for message in desk.sent if isinstance(message, OrderStatusRequest)]
    assert [asked[0], asked[-1]] == [order.id, later.id]


def test_the_next_life_of_the_bridge_asks_too(desk: Desk, order: OrderState) -> None:
    desk.restart()
    desk.go_live(last_seq=1)
    before = questions(desk)
    at(desk, DATE_US + GRACE_US + AGAIN_US)
    assert questions(desk) == before + 1


def test_nobody_is_asked_while_the_link_is_down(desk: Desk, order: OrderState) -> None:
    desk.do(LinkDown("lost"))
    at(desk, DATE_US + GRACE_US)
    assert not questions(desk)


def test_other_orders_are_left_alone(desk: Desk) -> None:
    desk.acknowledged(time_in_force=TimeInForce.GTC)
    at(desk, DATE_US + GRACE_US)
    at(desk, DATE_US + 10 * AGAIN_US)
    assert not questions(desk)
