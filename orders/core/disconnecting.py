"""When are orders cancelled because nobody of their session is connected any more?

Where a session is guarded, and no web process had a socket of it for the grace, and its user did not log out in it. A
logout is the one clean end; a session that was ended by anybody else, or expired, counts down like a broken line.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from orders.core.auditing import Audit
from orders.core.causes import Cause
from orders.core.draft import Draft
from orders.core.inputs import Attend, GuardOf
from orders.core.outcomes import AttendReply, GuardReply, Notice
from orders.core.requesting import late, want_cancel
from orders.core.safeguards import NEVER_US, Attendance, Fate, Guard, due_us
from orders.core.state import OrderState
from orders.request_frame import Caller
from orders.requests import CancelAllOrders
from orders.safeguard_requests import GuardScope
from tradingmw.errors import InvalidRequest

NOBODY = Attendance({}, 0)
FORGOTTEN_US = 120_000_000  #: longer than any grace: a process that was silent for so long is gone


# --- what is asked and heard ---------------------------------------------------------------------------------------
def guard(draft: Draft, asked: GuardOf) -> None:
    """On, on in another way, or off. What is so already is not written again."""
    request, session = asked.request, asked.request.caller.session
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
        return
    if session is None:
        draft.refuse(asked.ticket, InvalidRequest("Only a session can be guarded."))
        return
    before, after = draft.safeguards.guards.get(session), guard_of(asked, session, draft.now_us)
    if not same(before, after):
        draft.audits.append(audit_of(asked, session, before, after))
        change(draft, session, after)
    if after is not None:
        attend(draft, session, request.process)
    draft.replies.append(GuardReply(asked.ticket, request.caller.user))


def guard_of(asked: GuardOf, session: UUID, now_us: int) -> Guard | None:
    request, caller = asked.request, asked.request.caller
    if not request.enabled:
        return None
    return Guard(
        session=session,
        user=caller.user,
        account=caller.account,
        account_name=caller.account_name,
        ip_address=caller.ip_address,
        scope=request.scope,
        grace_us=request.grace_us,
        set_at_us=now_us,
    )


def same(before: Guard | None, after: Guard | None) -> bool:
    if before is None or after is None:
        return before is after
    return replace(before, set_at_us=after.set_at_us, ip_address=after.ip_address) == after


def change(draft: Draft, session: UUID, after: Guard | None) -> None:
    ours = draft.safeguards
    if after is None:
        ours.guards.drop(session)
        ours.attendances.drop(session)
    else:
        ours.guards.put(session, after)
        ours.look_at_us = 0  # another grace may be over sooner


def attended(draft: Draft, told: Attend) -> None:
    """A web process says which sessions have sockets there, and which have none any more. It is never late for that."""
    request, guards = told.request, draft.safeguards.guards
    guarded = [session for session in request.present if guards.get(session) is not None]
    for session in guarded:
        attend(draft, session, request.process)
    for session in request.gone:
        if guards.get(session) is not None:
            depart(draft, session, request.process, request.back_us)
    draft.replies.append(AttendReply(told.ticket, guarded))


def attend(draft: Draft, session: UUID, process: UUID) -> None:
    """It has a socket there. Where it had cancelled before, it is guarded anew."""
    ours = draft.safeguards
    known, found = ours.attendances.get(session) or NOBODY, ours.guards.get(session)
    heard_us = {other: at_us for other, at_us in known.heard_us.items() if ours.listened_us - at_us < FORGOTTEN_US}
    ours.attendances.put(session, Attendance({**heard_us, process: ours.listened_us}, known.since_us))
    if found is not None and found.fired:
        ours.guards.put(session, replace(found, fired=False))
        ours.look_at_us = 0


def depart(draft: Draft, session: UUID, process: UUID, back_us: int) -> None:
    """It has no socket there any more; its client was told to be back within `back_us`."""
    ours = draft.safeguards
    known = ours.attendances.get(session) or NOBODY
    heard_us = {other: at_us for other, at_us in known.heard_us.items() if other != process}
    ours.attendances.put(session, Attendance(heard_us, max(known.since_us, ours.listened_us + back_us)))
    ours.look_at_us = 0


# --- time ----------------------------------------------------------------------------------------------------------
def cancel_for_absent(draft: Draft) -> None:
    """Each guard whose countdown is over, by what became of its session; one that is not looked up yet waits for it."""
    ours = draft.safeguards
    if ours.listened_us < ours.look_at_us:
        return
    looks = [NEVER_US]
    for found in list(ours.guards.values()):
        due = due_us(found, ours.attendances.get(found.session) or NOBODY)
        fate = ours.fates.get(found.session)
        if due <= ours.listened_us and fate is not None:
            over(draft, found, fate)
            due = 0  # what is left of it is looked at in the next pass
        looks.append(due)
    ours.look_at_us = min(looks)


def over(draft: Draft, found: Guard, fate: Fate) -> None:
    ours = draft.safeguards
    if fate is not Fate.LOGGED_OUT and not found.fired:
        cancel_guarded(draft, found)
    if fate is Fate.LIVE:
        if not found.fired:
            ours.guards.put(found.session, replace(found, fired=True))
        ours.attendances.put(found.session, Attendance({}, ours.listened_us))
    else:
        change(draft, found.session, None)


def cancel_guarded(draft: Draft, found: Guard) -> None:
    """Nobody may be there to read it: audit and notification say what was done."""
    draft.counts["disconnects_fired"] += 1
    request = cancel_request(draft, found.user, found.account, found.account_name, found.session, found.ip_address)
    canceled = cancel_open(
        draft, request, Cause.DISCONNECT, found.session if found.scope is GuardScope.SESSION else None
    )
    if canceled:
        draft.notices.append(Notice(found.user, found.account_name, Cause.DISCONNECT, canceled))
    details = {"cause": Cause.DISCONNECT.value, "orders": canceled, "scope": found.scope.value}
    where = {"ip_address": found.ip_address, "session": found.session, "resource": "session"}
    draft.audits.append(Audit(found.user, "orders.canceled", str(found.session), details=details, **where))  # type: ignore[arg-type]


def cancel_request(
    draft: Draft, user: UUID, account: UUID, account_name: str, session: UUID | None, ip_address: str | None
) -> CancelAllOrders:
    """In the name of who has asked for it in advance."""
    caller = Caller(user=user, account=account, account_name=account_name, session=session, ip_address=ip_address)
    return CancelAllOrders(request_id=1, deadline_us=draft.now_us, caller=caller)


def cancel_open(draft: Draft, request: CancelAllOrders, cause: Cause, session: UUID | None = None) -> int:
    """So many open orders of the account, or of one session on it, are to end; oldest first."""
    found = [order for order in draft.orders.values() if meant(order, request.caller.account, session)]
    for order in sorted(found, key=lambda order: order.created_at_us):
        want_cancel(draft, request, order, cause)
    return len(found)


def meant(order: OrderState, account: UUID, session: UUID | None) -> bool:
    mine = order.account == account and (session is None or order.session == session)
    return mine and not order.final and not order.cancel_wanted


def audit_of(asked: GuardOf, session: UUID, before: Guard | None, after: Guard | None) -> Audit:
    caller = asked.request.caller
    return Audit(
        caller.user,
        "orders.cancel_on_disconnect",
        str(session),
        caller.ip_address,
        {},
        caller.session,
        asked.request.trace,
        told(before),
        told(after),
        "session",
    )


def told(found: Guard | None) -> dict[str, str]:
    if found is None:
        return {"enabled": "false"}
    return {"enabled": "true", "scope": found.scope.value, "graceSeconds": str(found.grace_us // 1_000_000)}
