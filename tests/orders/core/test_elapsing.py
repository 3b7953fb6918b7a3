"""Does an account's timer cancel its orders once, at its instant, and not where it was set anew?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import CancelOrder
from bridge.wire.vocabulary import ExecType
from orders.core.inputs import LinkDown, Tick
from orders.core.outcomes import CancelAfterReply
from tests.orders.core.desk import ANN, BOB, SECOND_US, refusal_code
from tests.orders.core.safeguarding import OTHER, SESSION, Floor


@pytest.fixture
def floor() -> Floor:
    return Floor()


def pass_seconds(floor: Floor, seconds: float) -> None:
    floor.now_us += round(seconds * SECOND_US)
    floor.do(Tick())


def test_all_open_orders_of_the_account_are_cancelled_at_its_instant(floor: Floor) -> None:
    floor.cancel_after(60)
    mine, other, bobs = floor.resting("a"), floor.resting("b", OTHER), floor.resting("c", SESSION, BOB)
    pass_seconds(floor, 59.9)
    assert not floor.is_canceled(mine)
    pass_seconds(floor, 0.1)
    assert floor.is_canceled(mine) and floor.is_canceled(other) and not floor.is_canceled(bobs)
    assert floor.history[-1].details == {"cause": "cancel_after"}


def test_it_says_when_it_will_and_what_time_it_is(floor: Floor) -> None:
    (reply,) = floor.cancel_after(5).replies
    assert isinstance(reply, CancelAfterReply)
    assert (reply.trigger_at_us - reply.now_us, reply.user) == (5 * SECOND_US, ANN.user)
    (reply,) = floor.cancel_after(0).replies
    assert isinstance(reply, CancelAfterReply) and reply.trigger_at_us == 0


def test_set_anew_it_waits_anew_whoever_of_the_account_set_it(floor: Floor) -> None:
    order = floor.resting("a")
    for caller in (ANN, None, ANN, None):
        floor.cancel_after(10, caller)
        pass_seconds(floor, 9)
    assert not floor.is_canceled(order)
    pass_seconds(floor, 1)
    assert floor.is_canceled(order)


def test_a_longer_one_takes_the_place_of_a_shorter_one(floor: Floor) -> None:
    order = floor.resting("a")
    floor.cancel_after(1)
    floor.cancel_after(3_600)
    pass_seconds(floor, 3_599)
    assert not floor.is_canceled(order)


def test_disarmed_it_cancels_nothing(floor: Floor) -> None:
    order = floor.resting("a")
    floor.cancel_after(1)
    floor.cancel_after(0)
    pass_seconds(floor, 3_600)
    assert not floor.is_canceled(order)
    assert not floor.cancel_after(0).writes, "Nothing was there to be disarmed."


def test_it_fires_once(floor: Floor) -> None:
    floor.resting("a")
    floor.cancel_after(1)
    pass_seconds(floor, 1)
    later = floor.resting("b")
    pass_seconds(floor, 3_600)
    assert not floor.is_canceled(later)
    assert sum(draft.counts.get("timers_fired", 0) for draft in floor.drafts) == 1


def test_audit_notification_and_the_ended_order_say_why(floor: Floor) -> None:
    order = floor.resting("a")
    armed = floor.cancel_after(1)
    assert [(audit.action, audit.resource, audit.details) for audit in armed.audits] == [
        ("orders.cancel_after", "account", {"seconds": 1})
    ]
    pass_seconds(floor, 1)
    fired = next(draft for draft in floor.drafts if draft.notices)
    assert [audit.details["cause"] for audit in fired.audits] == ["cancel_after", "cancel_after"]
    assert [(notice.user, notice.orders) for notice in fired.notices] == [(ANN.user, 1)]
    floor.do(floor.report(floor.now(order), ExecType.CANCELED))
    assert floor.now(order).reason == "CANCEL_AFTER_ELAPSED"


def test_nobody_is_told_of_nothing(floor: Floor) -> None:
    floor.cancel_after(1)
    pass_seconds(floor, 1)
    assert not any(draft.notices for draft in floor.drafts)


def test_it_survives_a_restart(floor: Floor) -> None:
    floor.cancel_after(10)
    order = floor.resting("a")
    floor.restart()
    floor.go_live(last_seq=1)
    pass_seconds(floor, 9.9)
    assert not floor.is_canceled(order)
    pass_seconds(floor, 0.1)
    assert floor.is_canceled(order)


def test_what_elapsed_while_no_bridge_ran_is_cancelled_at_once_and_sent_when_the_link_is_live(floor: Floor) -> None:
    floor.cancel_after(10)
    order = floor.resting("a")
    floor.do(LinkDown("gone"))
    floor.now_us += 60 * SECOND_US
    floor.restart()
    assert floor.is_canceled(order)
    assert not [message for message in floor.sent if isinstance(message, CancelOrder)]
    floor.go_live(last_seq=1)
    assert floor.now(order).cancel_wanted


def test_one_that_comes_late_is_refused(floor: Floor) -> None:
    floor.now_us += 10**16
    assert refusal_code(floor.cancel_after(1)) == "ORDER_BRIDGE_UNAVAILABLE"
    assert not floor.book.safeguards.timers
