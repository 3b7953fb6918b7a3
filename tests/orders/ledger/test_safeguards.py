"""Are guards and timers durable, found again by the next bridge, and is a logout told from every other end?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from msgspec.structs import replace

from accounts.models import AuditLog, Session, User
from accounts.services import Client, session_begin, session_end, sessions_end_all
from bridge.wire.vocabulary import ExecType
from notifications.models import Notification, StreamEvent
from notifications.stream import user_stream
from orders.core.inputs import Attend, CancelLater, GuardOf, Tick, Ticket
from orders.core.safeguards import ANEW_US, Fate
from orders.core.state import OrderState
from orders.ledger import Ledger
from orders.ledger.safeguards import fates
from orders.models import CancelAfterTimer, GuardedSession, Order, OrderHistory
from orders.requests import Caller
from orders.safeguard_requests import AttendSessions, CancelAfter, GuardScope, GuardSession
from tests.orders.core.desk import EPOCH, LATER_US, SECOND_US, START_US, Desk
from tests.orders.core.safeguarding import STEP_US, WEB
from tests.orders.ledger.conftest import settle, welcomed
from tests.orders.ledger.test_ledger import placed

HERE = Client("127.0.0.1", "tests")


@pytest.fixture
def session(trader: Caller) -> Session:
    return session_begin(user=User.objects.get(id=trader.user), client=HERE).session


@pytest.fixture
def caller(trader: Caller, session: Session) -> Caller:
    return replace(trader, session=session.id, ip_address="127.0.0.1")


@pytest.fixture
def resting(ledger: Ledger, words: Desk, caller: Caller) -> OrderState:
    """An order of the session, in the engine."""
    order = placed(ledger, words, caller)
    settle(ledger, words.report(order, ExecType.NEW, seq=1, epoch=EPOCH))
    return order


def guarded(caller: Caller, seconds: int = 1, *, enabled: bool = True) -> GuardOf:
    request = GuardSession(
        request_id=1,
        deadline_us=LATER_US,
        caller=caller,
        process=WEB,
        enabled=enabled,
        grace_us=seconds * SECOND_US,
        scope=GuardScope.SESSION,
    )
    return GuardOf(Ticket(b"web", 1), request)


def gone(caller: Caller) -> Attend:
    assert caller.session
    request = AttendSessions(request_id=1, deadline_us=LATER_US, process=WEB, gone=[caller.session])
    return Attend(Ticket(b"web", 1), request)


def timer(caller: Caller, seconds: int) -> CancelLater:
    return CancelLater(
        Ticket(b"web", 1), CancelAfter(request_id=1, deadline_us=LATER_US, caller=caller, seconds=seconds)
    )


def let_pass(ledger: Ledger, seconds: float, begin_us: int = START_US) -> None:
    for step in range(round(seconds * SECOND_US / STEP_US) + 1):
        settle(ledger, Tick(), at_us=begin_us + step * STEP_US)


def test_a_guard_and_a_timer_are_rows_and_come_back_as_they_were(
    ledger: Ledger, make_ledger: Callable[[], Ledger], caller: Caller
) -> None:
    settled = settle(ledger, guarded(caller), timer(caller, 60))
    assert [reply.user for reply in settled.draft.replies] == [caller.user] * 2  # type: ignore[union-attr]
    assert user_stream(caller.user) in settled.numbers
    row = GuardedSession.objects.get()
    assert (row.session_id, row.scope, row.grace_us, row.fired) == (caller.session, "session", SECOND_US, False)
    assert set(AuditLog.objects.filter(resource__in=["session", "account"]).values_list("action", flat=True)) >= {
        "orders.cancel_on_disconnect",
        "orders.cancel_after",
    }
    heir = make_ledger().book.safeguards
    assert (heir.guards, heir.timers) == (ledger.book.safeguards.guards, ledger.book.safeguards.timers)


def test_switched_off_nothing_is_left(ledger: Ledger, caller: Caller) -> None:
    settle(ledger, guarded(caller), timer(caller, 60))
    settle(ledger, timer(caller, 0), guarded(caller, enabled=False))
    assert not GuardedSession.objects.exists() and not CancelAfterTimer.objects.exists()


def test_what_is_cancelled_for_somebody_is_told_to_him(ledger: Ledger, caller: Caller, resting: OrderState) -> None:
    settle(ledger, guarded(caller))
    settle(ledger, gone(caller))
    let_pass(ledger, 1.1)
    row = Order.objects.get()
    assert (row.status, row.reason, row.cancel_wanted) == ("pending_cancel", "CANCELED_ON_DISCONNECT", True)
    assert OrderHistory.objects.latest("number").status_details == {"cause": "disconnect"}
    note = Notification.objects.get(type="orders")
    assert (note.user_id, note.metadata["orders"], note.is_read) == (caller.user, 1, False)
    event = StreamEvent.objects.get(channel="notifications", kind="notification_created")
    assert (event.stream, str(note.id) in event.data) == (user_stream(caller.user), True)
    assert AuditLog.objects.get(action="orders.canceled").details["orders"] == 1
    assert GuardedSession.objects.get().fired, "The session lives: a socket of it may come back."


def test_who_logs_out_within_the_grace_keeps_his_orders(
    ledger: Ledger, caller: Caller, resting: OrderState, session: Session
) -> None:
    settle(ledger, guarded(caller), gone(caller))
    let_pass(ledger, 0.9)
    session_end(session=session, client=HERE)
    let_pass(ledger, 10, START_US + SECOND_US)
    assert Order.objects.get().status == "new"
    assert not GuardedSession.objects.exists()


def test_a_timer_that_elapsed_before_the_bridge_began_cancels_at_once(
    ledger: Ledger, make_ledger: Callable[[], Ledger], caller: Caller, resting: OrderState
) -> None:
    settle(ledger, timer(caller, 60))
    heir = make_ledger()
    settle(heir, Tick(), at_us=START_US + 3_600 * SECOND_US)
    assert Order.objects.get().status == "pending_cancel"
    assert not CancelAfterTimer.objects.exists()


def test_after_a_restart_the_countdown_begins_anew_and_ends(
    ledger: Ledger, make_ledger: Callable[[], Ledger], caller: Caller, resting: OrderState
) -> None:
    settle(ledger, guarded(caller), gone(caller))
    heir = welcomed(make_ledger())
    let_pass(heir, ANEW_US / SECOND_US + 0.9)
    assert Order.objects.get().status == "new"
    let_pass(heir, 0.3, START_US + ANEW_US + SECOND_US)
    assert Order.objects.get().status == "pending_cancel"


@pytest.mark.parametrize("reason", ["ended_by_user", "refresh_reuse", "password_changed"])
def test_only_a_logout_in_the_session_itself_is_one(session: Session, reason: str) -> None:
    sessions_end_all(user=session.user, client=HERE, reason=reason)
    assert fates([session.id]) == {session.id: Fate.OVER}


def test_the_fates_of_sessions(session: Session) -> None:
    other = session_begin(user=session.user, client=HERE).session
    third = session_begin(user=session.user, client=HERE).session
    session_end(session=session, client=HERE)
    Session.objects.filter(id=other.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    unknown = third.user_id
    found = fates([session.id, other.id, third.id, unknown])
    assert found == {session.id: Fate.LOGGED_OUT, other.id: Fate.OVER, third.id: Fate.LIVE, unknown: Fate.OVER}
