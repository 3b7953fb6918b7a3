"""Are a guarded session's orders cancelled when nobody is there for the grace, and only then?"""

from __future__ import annotations

import uuid

import pytest
from msgspec.structs import replace

from bridge.wire.messages import CancelOrder
from bridge.wire.vocabulary import ExecType
from orders.core.inputs import LinkDown, Tick
from orders.core.safeguards import ANEW_US, Fate
from orders.lifecycle import OrderStatus
from orders.safeguard_requests import GuardScope
from tests.orders.core.desk import ANN, BOB, SECOND_US, refusal_code
from tests.orders.core.safeguarding import OTHER, SESSION, WEB, WEB_2, Floor, in_session


@pytest.fixture
def floor() -> Floor:
    return Floor()


def cancels(floor: Floor) -> list[CancelOrder]:
    return [message for message in floor.sent if isinstance(message, CancelOrder)]


def test_its_orders_are_cancelled_after_the_grace_and_nobody_elses(floor: Floor) -> None:
    floor.guard(5)
    mine, other, bobs = floor.resting("a"), floor.resting("b", OTHER), floor.resting("c", SESSION, BOB)
    floor.disconnect()
    floor.wait(4.9)
    assert not cancels(floor)
    floor.wait(0.2)
    assert [message.order_id for message in cancels(floor)] == [mine.id]
    assert floor.is_canceled(mine) and not floor.is_canceled(other) and not floor.is_canceled(bobs)


def test_history_audit_and_the_ended_order_say_why(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.disconnect()
    floor.wait(1.1)
    assert floor.history[-1].details == {"cause": "disconnect"}
    draft = next(draft for draft in floor.drafts if draft.notices)
    assert [(audit.action, audit.details["cause"]) for audit in draft.audits] == [
        ("order.cancel", "disconnect"),
        ("orders.canceled", "disconnect"),
    ]
    assert [(notice.user, notice.cause, notice.orders) for notice in draft.notices] == [(ANN.user, "disconnect", 1)]
    floor.do(floor.report(floor.now(order), ExecType.CANCELED))
    assert (floor.now(order).status, floor.now(order).reason) == (OrderStatus.CANCELED, "CANCELED_ON_DISCONNECT")


def test_a_fill_before_the_cancel_ends_it_without_that_reason(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.disconnect()
    floor.wait(1.1)
    floor.do(floor.report(floor.now(order), ExecType.TRADE, fill=(100, 150)))
    assert (floor.now(order).status, floor.now(order).reason) == (OrderStatus.FILLED, "")


def test_the_whole_account_where_that_was_asked_for(floor: Floor) -> None:
    floor.guard(1, scope=GuardScope.ACCOUNT)
    mine, other, bobs = floor.resting("a"), floor.resting("b", OTHER), floor.resting("c", SESSION, BOB)
    floor.disconnect()
    floor.wait(1.1)
    assert floor.is_canceled(mine) and floor.is_canceled(other) and not floor.is_canceled(bobs)


def test_without_it_or_no_longer_with_it_nothing_happens(floor: Floor) -> None:
    floor.connect()
    order = floor.resting("a")
    floor.guard(1, enabled=False)
    floor.guard(1)
    floor.guard(1, enabled=False)
    floor.disconnect()
    floor.wait(60)
    assert not floor.is_canceled(order) and not floor.book.safeguards.guards


def test_who_is_back_within_the_grace_keeps_his_orders_also_elsewhere(floor: Floor) -> None:
    floor.guard(2)
    order = floor.resting("a")
    for process in (WEB, WEB_2):
        floor.disconnect()
        floor.disconnect(process=WEB_2)
        floor.wait(1.9)
        floor.connect(process=process)
        floor.wait(10)
    assert not floor.is_canceled(order)


def test_of_two_sockets_the_last_one_counts(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.connect(process=WEB_2)
    floor.disconnect()
    floor.wait(10)
    assert not floor.is_canceled(order)
    floor.disconnect(process=WEB_2)
    floor.wait(1.1)
    assert floor.is_canceled(order)


def test_a_logout_is_clean_whenever_it_comes_before_the_end_of_the_grace(floor: Floor) -> None:
    floor.guard(2)
    order = floor.resting("a")
    floor.disconnect()
    floor.wait(1.8)
    floor.fates[SESSION] = Fate.LOGGED_OUT
    floor.wait(10)
    assert not floor.is_canceled(order) and not floor.book.safeguards.guards


def test_a_session_that_others_ended_counts_down(floor: Floor) -> None:
    floor.guard(2)
    order = floor.resting("a")
    floor.fates[SESSION] = Fate.OVER
    floor.disconnect()
    floor.wait(2.1)
    assert floor.is_canceled(order) and not floor.book.safeguards.guards


def test_a_web_process_that_dies_without_a_word_is_noticed(floor: Floor) -> None:
    floor.guard(5)
    order = floor.resting("a")
    floor.wait(3.2)
    floor.die()
    floor.wait(5)
    assert not floor.is_canceled(order)
    floor.wait(0.8)
    assert floor.is_canceled(order)


def test_a_process_that_ends_in_order_leaves_its_clients_time_to_come_back(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.disconnect(back_seconds=5)
    floor.beating.discard(WEB)
    floor.wait(5.9)
    assert not floor.is_canceled(order)
    floor.wait(0.2)
    assert floor.is_canceled(order)


def test_it_fires_once_and_again_only_after_a_socket_came_back(floor: Floor) -> None:
    floor.guard(1)
    floor.resting("a")
    floor.disconnect()
    floor.wait(1.1)
    later = floor.resting("b")
    floor.wait(30)
    assert not floor.is_canceled(later), "Nobody was there when it was placed, and nobody has left since."
    floor.connect()
    assert not floor.book.safeguards.guards[SESSION].fired
    floor.disconnect()
    floor.wait(1.1)
    assert floor.is_canceled(later)


def test_a_dormant_guard_is_forgotten_with_its_session(floor: Floor) -> None:
    floor.guard(1)
    floor.disconnect()
    floor.wait(1.1)
    assert floor.book.safeguards.guards[SESSION].fired
    floor.fates[SESSION] = Fate.OVER
    floor.book.safeguards.listened_us += 3_600 * SECOND_US
    floor.wait(0.1)
    assert not floor.book.safeguards.guards and not floor.book.safeguards.attendances


def test_after_a_restart_the_grace_begins_anew(floor: Floor) -> None:
    floor.guard(5)
    order = floor.resting("a")
    floor.disconnect()
    floor.wait(4)
    floor.restart()
    floor.go_live(last_seq=1)
    floor.wait(ANEW_US / SECOND_US + 4.9)
    assert not floor.is_canceled(order)
    floor.wait(0.2)
    assert floor.is_canceled(order)


def test_after_a_restart_who_is_there_keeps_his_orders(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.restart()
    floor.go_live(last_seq=1)
    floor.wait(60)
    assert not floor.is_canceled(order)


def test_web_processes_have_three_seconds_to_find_a_bridge_that_has_begun(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.restart()
    floor.go_live(last_seq=1)
    beating, floor.beating = floor.beating, set()
    floor.wait(3)
    floor.beating = beating
    floor.wait(10)
    assert not floor.is_canceled(order)


@pytest.mark.parametrize("seconds", [20, -20])
def test_a_pause_or_a_clock_that_was_set_proves_nobodys_absence(floor: Floor, seconds: int) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.wait(1)
    floor.now_us += seconds * SECOND_US
    floor.do(Tick())
    floor.wait(10)
    assert not floor.is_canceled(order)


def test_while_the_link_is_down_the_cancel_is_kept_and_sent_after_it_is_back(floor: Floor) -> None:
    floor.guard(1)
    order = floor.resting("a")
    floor.disconnect()
    floor.do(LinkDown("gone"))
    floor.wait(1.1)
    assert floor.is_canceled(order) and not cancels(floor)
    floor.go_live(last_seq=1)
    floor.do(Tick())
    assert floor.now(order).cancel_wanted


def test_a_beat_says_which_sessions_are_guarded_and_writes_nothing(floor: Floor) -> None:
    floor.guard(5)
    floor.sockets.add((WEB, OTHER))
    assert floor.attend() == [SESSION]
    assert not floor.drafts[-1].writes


def test_the_same_again_is_answered_and_not_written(floor: Floor) -> None:
    assert floor.guard(5).safeguards.writes
    again = floor.guard(5)
    assert again.replies and not again.writes
    assert floor.guard(6).audits[0].before == {"enabled": "true", "scope": "session", "graceSeconds": "5"}


def test_a_shorter_grace_counts_from_when_it_is_asked_for(floor: Floor) -> None:
    floor.guard(60)
    order = floor.resting("a")
    floor.wait(1)
    floor.guard(1)
    floor.disconnect()
    floor.wait(1.1)
    assert floor.is_canceled(order)


def test_only_a_session_can_be_guarded_and_nothing_late_is_done(floor: Floor) -> None:
    assert refusal_code(floor.guard(caller=ANN)) == "VALIDATION_FAILED"
    floor.now_us += 10**16
    assert refusal_code(floor.guard()) == "ORDER_BRIDGE_UNAVAILABLE"
    assert not floor.book.safeguards.guards


def test_what_another_process_says_of_an_unknown_session_changes_nothing(floor: Floor) -> None:
    stranger = uuid.UUID(int=999)
    floor.guard(1)
    order = floor.resting("a")
    floor.disconnect(stranger, WEB_2)
    floor.disconnect(SESSION, WEB_2)
    floor.wait(10)
    assert not floor.is_canceled(order), "Its socket is in another process."


def test_guards_of_one_account_are_apart(floor: Floor) -> None:
    floor.guard(1)
    floor.guard(1, caller=in_session(OTHER), process=WEB_2)
    mine, other = floor.resting("a"), floor.resting("b", OTHER)
    floor.disconnect(OTHER, WEB_2)
    floor.wait(1.1)
    assert floor.is_canceled(other) and not floor.is_canceled(mine)
    assert floor.book.safeguards.guards[OTHER] == replace(floor.book.safeguards.guards[OTHER], fired=True)
