"""Does a preview say what would become of an order, with how much is left, and change nothing?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from orders.core.draft import Draft
from orders.core.inputs import LinkDown, Preview, Ticket
from orders.core.limits import Breach, Limit, Rule
from orders.core.outcomes import PreviewReply
from orders.core.scopes import FIRM
from orders.requests import PreviewOrder
from tests.orders.core.desk import ANN, E8, LATER_US, Desk
from tests.orders.core.gate.sheets import E4, USER, limit, live, refused

QUANTITY = limit(Rule.MAX_ORDER_QUANTITY, 10 * E8)


def ask(desk: Desk, **fields: Any) -> Draft:
    order = desk.place_input("preview", **fields).request
    return desk.do(Preview(Ticket(b"web", 1), PreviewOrder(request_id=1, deadline_us=LATER_US, order=order)))


def previewed(desk: Desk, **fields: Any) -> PreviewReply:
    draft = ask(desk, **fields)
    reply = draft.replies[-1]
    assert isinstance(reply, PreviewReply), reply
    assert not draft.writes and not draft.to_engine
    return reply


def test_every_rule_that_applies_is_told_with_what_is_left() -> None:
    desk = live(limit(Rule.MAX_OPEN_NOTIONAL, 40_000 * E4, FIRM), limit(Rule.MAX_POSITION, 250 * E8, USER))
    desk.place("a")
    reply = previewed(desk)
    assert (reply.outlook, reply.code) == ("accepted", None)
    told = [(rule["rule"], rule["value"], rule["limit"], rule["headroom"], rule["passed"]) for rule in reply.rules]
    assert told == [
        ("trading_state", "active", None, None, True),
        ("max_open_notional", "30000", "40000", "10000", True),
        ("max_position", "200", "250", "50", True),
    ]


@pytest.mark.parametrize(
    ("limits", "outlook", "code"),
    [
        ([QUANTITY], "denied", "RISK_LIMIT"),
        ([replace(QUANTITY, breach=Breach.CONFIRM)], "confirmation_required", "CONFIRMATION_REQUIRED"),
        ([replace(QUANTITY, breach=Breach.APPROVE)], "approval_required", "AWAITING_APPROVAL"),
        ([replace(QUANTITY, breach=Breach.CONFIRM), limit(Rule.RESTRICTED)], "denied", "RESTRICTED"),
    ],
)
def test_it_says_what_would_become_of_the_order(limits: list[Limit], outlook: str, code: str) -> None:
    reply = previewed(live(*limits))
    assert (reply.outlook, reply.code) == (outlook, code)
    assert not all(rule["passed"] for rule in reply.rules)


def test_of_whoever_needs_approval_it_says_so() -> None:
    assert previewed(live(), caller=replace(ANN, needs_approval=True)).outlook == "approval_required"


def test_it_uses_up_nothing() -> None:
    desk = live(limit(Rule.ORDER_RATE, 1), limit(Rule.MAX_DAILY_ORDERS, 1), limit(Rule.DUPLICATE_ORDERS, 1))
    for _ in range(3):
        assert previewed(desk).outlook == "accepted"
    assert desk.place("preview").version == 1


def test_it_needs_no_engine_once_instruments_are_known() -> None:
    desk = live()
    desk.do(LinkDown("lost"))
    assert previewed(desk).outlook == "accepted"
    assert refused(ask(Desk()))[0] == "ENGINE_UNAVAILABLE"


def test_a_bad_shape_is_refused_as_for_an_order() -> None:
    desk = live()
    assert refused(ask(desk, price_e8=150 * E8 + 1))[0] == "OFF_TICK"
    assert refused(ask(desk, symbol="NOPE"))[0] == "UNKNOWN_INSTRUMENT"
