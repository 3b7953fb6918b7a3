"""When are an account's orders cancelled because its timer was not set anew? At that instant, whatever the link is.

While the engine cannot be reached the cancels are kept, and are sent first after its return; a timer whose instant
passed while no order bridge ran elapses when the next one begins.
"""

from __future__ import annotations

from orders.core.auditing import Audit
from orders.core.causes import Cause
from orders.core.disconnecting import cancel_open, cancel_request
from orders.core.draft import Draft
from orders.core.inputs import CancelLater
from orders.core.outcomes import CancelAfterReply, Notice
from orders.core.requesting import late
from orders.core.safeguards import NEVER_US, Timer
from orders.instants import text

SECOND_US = 1_000_000


def set_timer(draft: Draft, asked: CancelLater) -> None:
    """In place of the one that ran; with 0 seconds none runs any more."""
    request, caller = asked.request, asked.request.caller
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
        return
    before, after = draft.safeguards.timers.get(caller.account), timer_of(asked, draft.now_us)
    if after is not None:
        draft.safeguards.timers.put(caller.account, after)
        draft.safeguards.timers_look_us = min(draft.safeguards.timers_look_us, after.trigger_at_us)
    elif before is not None:
        draft.safeguards.timers.drop(caller.account)
    if before is not None or after is not None:
        draft.audits.append(audit_of(asked, before, after))
    trigger_at_us = after.trigger_at_us if after else 0
    draft.replies.append(CancelAfterReply(asked.ticket, trigger_at_us, draft.now_us, caller.user))


def timer_of(asked: CancelLater, now_us: int) -> Timer | None:
    request, caller = asked.request, asked.request.caller
    if not request.seconds:
        return None
    return Timer(
        account=caller.account,
        account_name=caller.account_name,
        user=caller.user,
        session=caller.session,
        ip_address=caller.ip_address,
        set_at_us=now_us,
        trigger_at_us=now_us + request.seconds * SECOND_US,
    )


def cancel_elapsed(draft: Draft) -> None:
    """Each timer fires once."""
    ours = draft.safeguards
    if draft.now_us < ours.timers_look_us:
        return
    for timer in [timer for timer in ours.timers.values() if timer.trigger_at_us <= draft.now_us]:
        elapse(draft, timer)
    ours.timers_look_us = min((timer.trigger_at_us for timer in ours.timers.values()), default=NEVER_US)


def elapse(draft: Draft, timer: Timer) -> None:
    draft.counts["timers_fired"] += 1
    draft.safeguards.timers.drop(timer.account)
    request = cancel_request(draft, timer.user, timer.account, timer.account_name, timer.session, timer.ip_address)
    canceled = cancel_open(draft, request, Cause.CANCEL_AFTER)
    if canceled:
        draft.notices.append(Notice(timer.user, timer.account_name, Cause.CANCEL_AFTER, canceled))
    details = {"cause": Cause.CANCEL_AFTER.value, "orders": canceled, "triggerAt": text(timer.trigger_at_us)}
    where = {"ip_address": timer.ip_address, "session": timer.session, "resource": "account"}
    draft.audits.append(Audit(timer.user, "orders.canceled", str(timer.account), details=details, **where))  # type: ignore[arg-type]


def audit_of(asked: CancelLater, before: Timer | None, after: Timer | None) -> Audit:
    caller = asked.request.caller
    return Audit(
        caller.user,
        "orders.cancel_after",
        str(caller.account),
        caller.ip_address,
        {"seconds": asked.request.seconds},
        caller.session,
        asked.request.trace,
        told(before),
        told(after),
        "account",
    )


def told(timer: Timer | None) -> dict[str, str]:
    return {"triggerAt": text(timer.trigger_at_us) if timer else ""}
