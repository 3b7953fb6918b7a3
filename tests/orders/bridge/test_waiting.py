"""When does an answer come that waits for the engine?"""

from __future__ import annotations

from bridge.wire.vocabulary import ExecType, OrderType, TimeInForce
from orders.bridge.waiting import Waiter, Waiting
from orders.core.inputs import Ticket
from orders.core.state import OrderState
from orders.requests import OrderAnswer
from orders.shapes import order_shape
from tests.orders.core.desk import START_US, Desk

UNTIL_US = START_US + 1_000_000
TICKET = Ticket(b"web", 1)


def waiting_for(order: OrderState) -> Waiting:
    waiting = Waiting()
    answer = OrderAnswer(request_id=1, order=order_shape(order), created=True, last_event_id=1)
    waiting.hold(Waiter(order.id, TICKET, answer, UNTIL_US))
    return waiting


def live_desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def test_an_order_that_can_rest_is_answered_at_the_engines_first_word() -> None:
    desk = live_desk()
    order = desk.place()
    waiting = waiting_for(order)
    assert waiting.take_due(START_US) == []
    desk.do(desk.report(order, ExecType.NEW))
    waiting.tell(desk.now(order), 2)
    ((ticket, answer),) = waiting.take_due(START_US)
    assert ticket is TICKET
    assert isinstance(answer, OrderAnswer) and (answer.order["status"], answer.last_event_id) == ("new", 2)


def test_an_order_that_cannot_rest_is_answered_with_its_outcome() -> None:
    desk = live_desk()
    order = desk.place(time_in_force=TimeInForce.IOC)
    waiting = waiting_for(order)
    desk.do(desk.report(order, ExecType.NEW))
    waiting.tell(desk.now(order), 2)
    assert waiting.take_due(START_US) == []
    desk.do(desk.report(desk.now(order), ExecType.TRADE, fill=(100, 150)))
    waiting.tell(desk.now(order), 3)
    ((_, answer),) = waiting.take_due(START_US)
    assert isinstance(answer, OrderAnswer) and answer.order["status"] == "filled"


def test_when_time_is_up_the_order_is_answered_as_it_was_last() -> None:
    desk = live_desk()
    order = desk.place(order_type=OrderType.MARKET, price_e8=None)
    waiting = waiting_for(order)
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    waiting.tell(desk.now(order), 2)
    ((_, answer),) = waiting.take_due(UNTIL_US)
    assert isinstance(answer, OrderAnswer) and answer.order["filledQuantity"] == "40"
    assert waiting.take_due(UNTIL_US) == []


def test_the_change_of_another_order_answers_nobody() -> None:
    desk = live_desk()
    order, other = desk.place("a-1"), desk.place("a-2")
    waiting = waiting_for(order)
    desk.do(desk.report(other, ExecType.CANCELED))
    waiting.tell(desk.now(other), 2)
    assert waiting.take_due(START_US) == []
