"""What is asked and answered where somebody wants his orders cancelled once he is not there to do it?

Cancel-on-disconnect belongs to a session and is asked for on its trading socket; cancel-after belongs to an account and
is set on the socket or over REST.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from accounts.policy import Function
from accounts.rights import Rights
from accounts.sockets.methods import rest_shape
from orders.attendance import attendance
from orders.client import order_client
from orders.instants import text
from orders.requests import Caller
from orders.safeguard_requests import (
    CANCEL_AFTER_SECONDS_MAX,
    GRACE_SECONDS_MAX,
    CancelAfter,
    CancelAfterAnswer,
    GuardAnswer,
    GuardScope,
)
from tradingmw.typed_body import RestBody

GRACE_SECONDS = 5
CancelAfterSet = Annotated[dict[str, Any], rest_shape("CancelAfterSet")]


class CancelOnDisconnect(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Once no trading socket of this session is left for `graceSeconds`, its open orders are cancelled.

    Not after a logout. With `scope` account all open orders of the account are. A field that is not listed is refused:
    a misspelt grace must not become another one in silence.
    """

    enabled: bool
    grace_seconds: Annotated[int, Meta(ge=1, le=GRACE_SECONDS_MAX)] = GRACE_SECONDS
    scope: GuardScope = GuardScope.SESSION


class CancelOnDisconnectSet(Struct, frozen=True, kw_only=True, rename="camel"):
    """As it is now; in force for this session, over all its sockets, until it is asked for otherwise."""

    enabled: bool
    grace_seconds: int
    scope: GuardScope
    last_event_id: int


class CancelAfterBody(RestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cancel all open orders of the account in so many seconds, unless this is asked again before; 0 disarms."""

    seconds: Annotated[int, Meta(ge=0, le=CANCEL_AFTER_SECONDS_MAX)]


async def session_guard(*, caller: Caller, rights: Rights, asked: CancelOnDisconnect) -> GuardAnswer:
    """Cancel-on-disconnect of the caller's session, on or off."""
    rights.need(Function.ORDERS_CANCEL)
    wanted: dict[str, Any] = {"grace_seconds": asked.grace_seconds, "scope": asked.scope}
    return await attendance().guard(caller, enabled=asked.enabled, **wanted)


async def orders_cancel_after(*, caller: Caller, rights: Rights, seconds: int) -> CancelAfterAnswer:
    """Set the timer of the caller's account in place of the one that runs, or with 0 none."""
    rights.need(Function.ORDERS_CANCEL)
    request = CancelAfter(request_id=1, deadline_us=0, caller=caller, seconds=seconds)
    return await order_client().ask(request, CancelAfterAnswer)


def guarded_shape(asked: CancelOnDisconnect, answer: GuardAnswer) -> CancelOnDisconnectSet:
    return CancelOnDisconnectSet(
        enabled=asked.enabled,
        grace_seconds=asked.grace_seconds,
        scope=asked.scope,
        last_event_id=answer.last_event_id,
    )


def cancel_after_shape(answer: CancelAfterAnswer) -> dict[str, Any]:
    """`triggerAt` is null where no timer runs; compare it with `now`, the server's clock, not with your own."""
    return {
        "triggerAt": text(answer.trigger_at_us) if answer.trigger_at_us else None,
        "now": text(answer.now_us),
        "lastEventId": answer.last_event_id,
    }
