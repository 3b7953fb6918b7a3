"""How does a limit change? One proposes, a second person decides; nobody has a say in what binds him alone.

A proposal says why and from when; nothing holds before it is approved, and what was approved is never written anew.
Whatever is refused for want of a right, a proof, a signature or a second person is audited too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.audit import audit
from accounts.factors.freshness import step_up_needed
from accounts.models import User
from accounts.policy import Function
from accounts.rights import Rights
from orders.core.scopes import Scope
from orders.instants import micros
from orders.limits.announcing import announce_limits
from orders.limits.checking import Terms, limit_checked
from orders.limits.loading import revision_advance, spans_of_all
from orders.limits.selectors import limit_seen
from orders.limits.shapes import moment, terms_shape
from orders.limits.spans import FOREVER_US, Span
from orders.models import RiskLimit
from orders.models.limits import Asks, LimitState
from tradingmw.errors import Code, Conflict, Forbidden, InvalidRequest
from tradingmw.etags import ANY, Expected, stale

COPIED = ("rule", "scope", "desk", "subject", "symbol", "value", "breach")
SAME = ("rule", "scope", "desk_id", "subject_id", "symbol")  #: what a limit and its successor share


class Actor(NamedTuple):
    """Who acts, and how: `is_proven` where a second factor was proven lately."""

    user: User
    rights: Rights
    is_proven: bool
    ip_address: str | None = None
    session_id: UUID | None = None

    def may(self, function: Function) -> None:
        """Forbidden: for want of the function, the proof (STEP_UP_REQUIRED) or a signature (SIGNATURE_REQUIRED)."""
        self.rights.need(function)
        if not self.is_proven:
            raise step_up_needed()
        self.rights.need_signature("A change of limits")


def limit_propose(
    *, by: Actor, terms: Terms, note: str = "", replaces: UUID | None = None, allowed: Expected = ANY
) -> RiskLimit:
    """A limit that waits for a second person; `replaces` names the one in whose place it is to stand.

    Forbidden; InvalidRequest with every fault; NotFound and PreconditionFailed for what it replaces; Conflict where
    that holds no longer.
    """
    with refusals_told(by, "propose"), transaction.atomic():
        by.may(Function.LIMITS_PROPOSE)
        now = timezone.now()
        row = limit_checked(terms, by.rights, now)
        not_ones_own(by, row)
        if replaces is not None:
            row.replaces = replaceable(by, replaces, row, allowed)
        return proposed(by, row, note, now)


def limit_end(
    *, by: Actor, limit_id: UUID, note: str = "", effective_from: datetime | None = None, allowed: Expected = ANY
) -> RiskLimit:
    """A proposal that this limit holds no longer, from its approval on. One's own that nobody has decided is withdrawn.

    Raises as `limit_propose`; Conflict also for one that never held.
    """
    with refusals_told(by, "end", limit_id), transaction.atomic():
        by.may(Function.LIMITS_PROPOSE)
        row = limit_seen(by.user, by.rights, limit_id)
        if row.state == LimitState.PROPOSED.value and row.proposed_by_id == by.user.id:
            return settled(by, row, LimitState.WITHDRAWN, note, allowed)
        not_ones_own(by, row)
        within_reach(by, row)
        check_version(row, allowed)
        holds_still(row)
        terms = {name: getattr(row, name) for name in COPIED}
        end = RiskLimit(asks=Asks.END.value, replaces=row, effective_from=effective_from, **terms)
        return proposed(by, end, note, timezone.now())


def limit_decide(*, by: Actor, limit_id: UUID, approve: bool, note: str = "", allowed: Expected = ANY) -> RiskLimit:
    """Approve or refuse what somebody else has proposed. In force from then on, or from its date.

    Forbidden, also (SECOND_PERSON_REQUIRED) for who proposed it and whom it binds; NotFound; PreconditionFailed;
    Conflict (ALREADY_DECIDED, LIMIT_OVER).
    """
    with refusals_told(by, "decide", limit_id), transaction.atomic():
        by.may(Function.LIMITS_DECIDE)
        row = limit_seen(by.user, by.rights, limit_id)
        if row.proposed_by_id == by.user.id:
            raise second_person("Somebody else must decide what you have proposed.")
        not_ones_own(by, row)
        if row.state != LimitState.PROPOSED.value:
            raise already_decided(row)
        if not approve:
            return settled(by, row, LimitState.REFUSED, note, allowed)
        transaction.on_commit(announce_limits, robust=True)
        return approved(by, row, note, allowed)


# --- what may be ----------------------------------------------------------------------------------------------------
def not_ones_own(by: Actor, row: RiskLimit) -> None:
    if row.scope == Scope.USER.value and row.subject_id == by.user.id:
        raise second_person("Nobody has a say in his own limits.")


def second_person(detail: str) -> Forbidden:
    return Forbidden(detail, code=Code.SECOND_PERSON_REQUIRED)


def within_reach(by: Actor, row: RiskLimit) -> None:
    """The head of a desk sees what binds the firm, and changes only what binds his desk and its users."""
    own_desk = row.desk_id or (row.subject.desk_id if row.subject else None)
    if Function.LIMITS_READ_ALL not in by.rights.functions and (own_desk is None or own_desk != by.rights.desk):
        raise Forbidden("You change the limits of your desk and its users only.")


def check_version(row: RiskLimit, allowed: Expected) -> None:
    if allowed.versions is not None and row.version not in allowed.versions:
        raise stale(row.version)


def holds_still(row: RiskLimit, during: Span | None = None) -> None:
    """Conflict where it never held, or does no longer; with `during` where it does not then."""
    during = during or Span(micros(timezone.now()))
    spans = spans_of_all().of(row.id) if row.asks == Asks.SET.value else []
    if not any(span.start < during.end and during.start < span.end for span in spans):
        raise Conflict("That limit does not hold then: it is over, replaced or not approved.", code=Code.LIMIT_OVER)


def replaceable(by: Actor, limit_id: UUID, row: RiskLimit, allowed: Expected) -> RiskLimit:
    """The limit in whose place `row` may stand."""
    before = limit_seen(by.user, by.rights, limit_id)
    check_version(before, allowed)
    if any(getattr(before, name) != getattr(row, name) for name in SAME):
        detail = "A limit stands in the place of one of the same rule, target and symbol."
        raise InvalidRequest(detail, errors=[{"attr": "replaces", "code": "invalid", "detail": detail}])
    holds_still(before)
    return before


# --- what is written ------------------------------------------------------------------------------------------------
def proposed(by: Actor, row: RiskLimit, note: str, now: datetime) -> RiskLimit:
    row.proposed_by, row.proposed_at, row.note = by.user, now, note
    row.save(force_insert=True)
    told(by, "limit.proposed", row, after=terms_shape(row))
    return row


def approved(by: Actor, row: RiskLimit, note: str, allowed: Expected) -> RiskLimit:
    """From its date, or from now where that has passed meanwhile."""
    starts_at = max(row.effective_from or timezone.now(), timezone.now())
    if row.effective_until is not None and row.effective_until <= starts_at:
        raise Conflict("Its time is over: refuse it.", code=Code.LIMIT_OVER)
    if row.replaces is not None:
        end_us = FOREVER_US if row.effective_until is None else micros(row.effective_until)
        holds_still(row.replaces, Span(micros(starts_at), end_us))
        RiskLimit.objects.filter(id=row.replaces.id).update(version=F("version") + 1)
    row = settled(by, row, LimitState.APPROVED, note, allowed, effective_from=starts_at)
    revision_advance()
    return row


def settled(by: Actor, row: RiskLimit, state: LimitState, note: str, allowed: Expected, **changes: Any) -> RiskLimit:
    """One statement decides: of two who decide at once, one is told that it was decided already."""
    decided = {"state": state.value, "decided_by": by.user, "decided_at": timezone.now(), "decision_note": note}
    if row.state != LimitState.PROPOSED.value:
        raise already_decided(row)
    check_version(row, allowed)
    undecided = RiskLimit.objects.filter(id=row.id, state=LimitState.PROPOSED.value)
    if not undecided.update(version=F("version") + 1, **decided, **changes):
        raise already_decided(RiskLimit.objects.get(id=row.id))
    before = {"state": row.state, "effectiveFrom": moment(row.effective_from)}
    row = limit_seen(by.user, by.rights, row.id)
    after = {"state": row.state, "effectiveFrom": moment(row.effective_from)}
    told(by, f"limit.{state.value}", row, before, after, {**terms_shape(row), "decisionNote": note})
    return row


def already_decided(row: RiskLimit) -> Conflict:
    return Conflict(f"It was {row.state} already.", code=Code.ALREADY_DECIDED)


def told(by: Actor, action: str, row: RiskLimit, before: Any = None, after: Any = None, details: Any = None) -> None:
    signed = {"signedRequest": str(by.rights.signed)} if by.rights.signed else {}
    audit(
        action=action,
        resource="risk_limit",
        resource_id=row.id,
        user_id=by.user.id,
        session_id=by.session_id,
        ip_address=by.ip_address,
        before=before,
        after=after,
        details={**(details or {}), **signed},
    )


@contextmanager
def refusals_told(by: Actor, deed: str, limit_id: UUID | None = None) -> Iterator[None]:
    """Outside of the transaction that the refusal ends."""
    try:
        yield
    except Forbidden as error:
        audit(
            action="limit.denied",
            resource="risk_limit",
            resource_id=limit_id or "",
            user_id=by.user.id,
            session_id=by.session_id,
            ip_address=by.ip_address,
            details={"deed": deed, "code": error.code.value, "why": error.detail},
        )
        raise
