"""Does an order wait for a second person, and do its limits count as they are when he decides?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import NewOrder
from bridge.wire.vocabulary import OrderType, TimeInForce
from orders.core.draft import Draft
from orders.core.inputs import Decide, LinkDown, Ticket
from orders.core.limits import Breach, Rule
from orders.core.outcomes import OrderReply
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import DecideOrder
from tests.orders.core.desk import ANN, E8, LATER_US, SECOND_US, Desk
from tests.orders.core.gate.sheets import DESK, USER, limit, live, refused

HEAD = uuid.UUID(int=77)
WATCHED = replace(ANN, needs_approval=True)


def decide(desk: Desk, order: OrderState, *, approve: bool = True, decider: uuid.UUID = HEAD) -> Draft:
    asked: dict[str, Any] = {"request_id": 1, "deadline_us": LATER_US, "decider": decider, "decider_name": "head"}
    request = DecideOrder(order_id=order.id, approve=approve, note="seen", **asked)
    return desk.do(Decide(Ticket(b"web", 1), request))


@pytest.fixture
def desk() -> Desk:
    return live(limit(Rule.MAX_ORDER_QUANTITY, 10 * E8, DESK, Breach.APPROVE))


def new_orders(desk: Desk) -> list[NewOrder]:
    return [message for message in desk.sent if isinstance(message, NewOrder)]


def test_what_is_beyond_such_a_limit_is_kept_and_not_sent(desk: Desk) -> None:
    order = desk.place()
    assert (order.status, order.held, order.reason) == (OrderStatus.PENDING_NEW, Held.APPROVAL, "AWAITING_APPROVAL")
    assert desk.history[-1].details["rules"][0]["rule"] == "max_order_quantity"
    assert not new_orders(desk)
    assert desk.place("small", quantity_e8=E8).held is Held.NOT


def test_whoever_is_marked_for_it_has_all_his_orders_kept() -> None:
    desk = live()
    assert desk.place(caller=WATCHED).held is Held.APPROVAL


def test_the_second_person_lets_it_go(desk: Desk) -> None:
    order = desk.place()
    draft = decide(desk, order)
    assert isinstance(draft.replies[-1], OrderReply)
    assert [message.order_id for message in new_orders(desk)] == [order.id]
    assert desk.now(order).held is Held.NOT and desk.now(order).reason == ""
    assert desk.history[-1].details["decidedBy"] == "head"
    assert (draft.audits[-1].action, draft.audits[-1].user) == ("order.approved", HEAD)
    assert refused(decide(desk, order))[0] == "NOT_AWAITING_APPROVAL"


def test_or_refuses_it(desk: Desk) -> None:
    order = desk.place()
    draft = decide(desk, order, approve=False)
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.DENIED, "APPROVAL_REFUSED")
    assert draft.audits[-1].action == "order.approval_refused" and not new_orders(desk)
    assert refused(decide(desk, order))[0] == "NOT_AWAITING_APPROVAL"


def test_nobody_decides_on_his_own(desk: Desk) -> None:
    order = desk.place()
    assert refused(decide(desk, order, decider=ANN.user))[0] == "SECOND_PERSON_REQUIRED"
    assert refused(decide(desk, order, approve=False, decider=ANN.user))[0] == "SECOND_PERSON_REQUIRED"
    assert desk.now(order).held is Held.APPROVAL


def test_hard_limits_count_as_they_are_then(desk: Desk) -> None:
    order = desk.place()
    desk.book.limits = (*desk.book.limits, limit(Rule.MAX_OPEN_ORDERS, 1, USER))
    desk.place("between", quantity_e8=E8)
    draft = decide(desk, order)
    assert (desk.now(order).status, desk.now(order).reason) == (OrderStatus.DENIED, "RISK_LIMIT")
    assert desk.history[-1].details["rules"][0]["rule"] == "max_open_orders"
    assert (draft.audits[-1].action, draft.audits[-1].user) == ("order.denied", HEAD)
    assert len(new_orders(desk)) == 1


def test_soft_limits_are_what_he_decides_on(desk: Desk) -> None:
    order = desk.place()
    desk.book.limits = (limit(Rule.MAX_ORDER_QUANTITY, E8, USER, Breach.CONFIRM),)
    decide(desk, order)
    assert desk.now(order).held is Held.NOT


def test_it_was_counted_as_placed_when_it_was_placed() -> None:
    desk = live(*[limit(rule, 1) for rule in (Rule.ORDER_RATE, Rule.MAX_DAILY_ORDERS, Rule.DUPLICATE_ORDERS)])
    order = desk.place(caller=WATCHED)
    decide(desk, order)
    assert desk.now(order).held is Held.NOT


def test_an_order_at_market_is_judged_by_the_market_of_the_decision() -> None:
    desk = live()
    order = desk.place(caller=WATCHED, order_type=OrderType.MARKET, price_e8=None)
    desk.marks["AAPL"] = desk.marks["AAPL"]._replace(ask_e8=170 * E8)
    decide(desk, order)
    assert desk.now(order).reference_e8 == 170 * E8
    late = desk.place("late", caller=WATCHED, order_type=OrderType.MARKET, price_e8=None)
    desk.marks.clear()
    decide(desk, late)
    assert (desk.now(late).status, desk.now(late).reason) == (OrderStatus.DENIED, "STALE_PRICE")


def test_while_the_engine_is_away_it_waits_on(desk: Desk) -> None:
    order = desk.place()
    desk.do(LinkDown("lost"))
    assert refused(decide(desk, order))[0] == "ENGINE_UNAVAILABLE"
    assert desk.now(order).held is Held.APPROVAL
    decide(desk, order, approve=False)
    assert desk.now(order).status is OrderStatus.DENIED


def test_it_survives_a_restart_may_be_cancelled_and_its_date_may_pass(desk: Desk) -> None:
    order = desk.place()
    dated = desk.place("gtd", time_in_force=TimeInForce.GTD, expires_at_us=desk.now_us + SECOND_US)
    desk.restart()
    desk.now_us += 10 * SECOND_US
    desk.go_live()
    assert desk.now(dated).status is OrderStatus.EXPIRED
    desk.do(desk.cancel_input(order.id))
    assert desk.events(order)[-1] is OrderEvent.CANCELED and not new_orders(desk)


def test_an_order_whose_date_has_passed_goes_nowhere(desk: Desk) -> None:
    order = desk.place("gtd", time_in_force=TimeInForce.GTD, expires_at_us=desk.now_us + SECOND_US)
    desk.now_us += SECOND_US
    decide(desk, order)
    assert desk.now(order).status is OrderStatus.EXPIRED and not new_orders(desk)


def test_there_is_nothing_to_decide_on_other_orders(desk: Desk) -> None:
    order = desk.acknowledged("small", quantity_e8=E8)
    assert refused(decide(desk, order))[0] == "NOT_AWAITING_APPROVAL"
    assert refused(decide(desk, replace(order, id=uuid.UUID(int=5))))[0] == "NOT_FOUND"
