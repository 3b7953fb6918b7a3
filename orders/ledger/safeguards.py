"""How are guarded sessions and running timers kept, and how does the core learn what became of a session?

They change rarely: when somebody asks for one, and when it fires. That a session is attended is never written.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from accounts.models import Session
from accounts.selectors import sessions_live
from accounts.services import LOGOUT
from notifications.models import Notification
from notifications.shapes import notification_shape
from notifications.stream import NewEvent, user_stream
from orders.core.causes import Cause
from orders.core.outcomes import Notice
from orders.core.safeguards import Fate, Guard, Safeguards, SafeguardsDraft, Timer
from orders.instants import instant, micros
from orders.models import CancelAfterTimer, GuardedSession
from orders.safeguard_requests import GuardScope

IDS_PER_QUERY = 500  #: SQL Server takes 2,100 parameters in a statement
TYPE = "orders"
TEXTS = {
    Cause.DISCONNECT: (
        "Orders were cancelled: connection lost",
        "Your session had no connection for longer than you allowed. Its open orders are being cancelled: {orders}.",
    ),
    Cause.CANCEL_AFTER: (
        "Orders were cancelled: timer elapsed",
        "Cancel-after was not set anew in time. All open orders of {account} are being cancelled: {orders}.",
    ),
}


# --- kept ----------------------------------------------------------------------------------------------------------
def load_safeguards(safeguards: Safeguards) -> None:
    guards = GuardedSession.objects.select_related("account").order_by("session_id")
    timers = CancelAfterTimer.objects.select_related("account").order_by("account_id")
    safeguards.load([guard_state(row) for row in guards], [timer_state(row) for row in timers])


def guard_state(row: GuardedSession) -> Guard:
    return Guard(
        session=row.session_id,
        user=row.user_id,
        account=row.account_id,
        account_name=row.account.name,
        ip_address=row.ip_address,
        scope=GuardScope(row.scope),
        grace_us=row.grace_us,
        set_at_us=micros(row.set_at),
        fired=row.fired,
    )


def timer_state(row: CancelAfterTimer) -> Timer:
    return Timer(
        account=row.account_id,
        account_name=row.account.name,
        user=row.user_id,
        session=row.session_id,
        ip_address=row.ip_address,
        set_at_us=micros(row.set_at),
        trigger_at_us=micros(row.trigger_at),
    )


def write_safeguards(draft: SafeguardsDraft) -> None:
    """In the transaction that the caller has begun: what changed is taken away, and put as it is now."""
    if guards := draft.guards.changes:
        for some in slices(guards):
            GuardedSession.objects.filter(session_id__in=some).delete()
        GuardedSession.objects.bulk_create([guard_row(guard) for guard in guards.values() if guard is not None])
    if timers := draft.timers.changes:
        for some in slices(timers):
            CancelAfterTimer.objects.filter(account_id__in=some).delete()
        CancelAfterTimer.objects.bulk_create([timer_row(timer) for timer in timers.values() if timer is not None])


def guard_row(guard: Guard) -> GuardedSession:
    return GuardedSession(
        session_id=guard.session,
        user_id=guard.user,
        account_id=guard.account,
        ip_address=guard.ip_address,
        scope=guard.scope.value,
        grace_us=guard.grace_us,
        set_at=instant(guard.set_at_us),
        fired=guard.fired,
    )


def timer_row(timer: Timer) -> CancelAfterTimer:
    return CancelAfterTimer(
        account_id=timer.account,
        user_id=timer.user,
        session_id=timer.session,
        ip_address=timer.ip_address,
        set_at=instant(timer.set_at_us),
        trigger_at=instant(timer.trigger_at_us),
    )


def write_notices(notices: Collection[Notice], at: datetime) -> list[NewEvent]:
    """The notifications, and the events that tell of them, which are appended last."""
    rows = [notification_of(notice, at) for notice in notices]
    Notification.objects.bulk_create(rows)
    return [NewEvent(user_stream(row.user_id), "notifications", "notification_created", as_json(row)) for row in rows]


def notification_of(notice: Notice, at: datetime) -> Notification:
    title, message = TEXTS[notice.cause]
    return Notification(
        id=uuid.uuid4(),
        user_id=notice.user,
        type=TYPE,
        title=title,
        message=message.format(orders=notice.orders, account=notice.account_name),
        metadata={"cause": notice.cause.value, "account": notice.account_name, "orders": notice.orders},
        created_at=at,
    )


def as_json(row: Notification) -> str:
    return msgspec.json.encode(notification_shape(row)).decode()


# --- looked up -----------------------------------------------------------------------------------------------------
def look_up_fates(safeguards: Safeguards, now_us: int) -> None:
    """Of the sessions whose countdown is over, as the database has them at this moment."""
    safeguards.fates = {}
    elapsed = safeguards.elapsed(now_us)
    if elapsed:
        safeguards.fates = {session: fate for some in slices(elapsed) for session, fate in fates(some).items()}


def fates(sessions: Collection[UUID]) -> dict[UUID, Fate]:
    live = set(sessions_live().filter(id__in=sessions).values_list("id", flat=True))
    logged_out = set(Session.objects.filter(id__in=sessions, end_reason=LOGOUT).values_list("id", flat=True))
    return {session: fate_of(session, live, logged_out) for session in sessions}


def fate_of(session: UUID, live: set[UUID], logged_out: set[UUID]) -> Fate:
    if session in logged_out:
        return Fate.LOGGED_OUT
    return Fate.LIVE if session in live else Fate.OVER


def slices(keys: Collection[UUID]) -> list[list[UUID]]:
    ids = list(keys)
    return [ids[start : start + IDS_PER_QUERY] for start in range(0, len(ids), IDS_PER_QUERY)]
