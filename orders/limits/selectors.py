"""Which limits may a caller see? Those that bind him; a head of a desk also those of its users; some see all.

A proposal binds nobody yet: it is seen by those who may propose or decide. What is not to be seen is not there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.policy import Function
from accounts.rights import Rights
from orders.core.scopes import Scope
from orders.instants import micros
from orders.limits.loading import spans_of_all
from orders.limits.shapes import Shape, limit_shape
from orders.limits.spans import Spans
from orders.models import RiskLimit
from orders.models.limits import LimitState
from tradingmw.errors import NotFound
from tradingmw.paging import Page, Place, newest_first

IDS_PER_QUERY = 400
RELATED = ("desk", "subject", "proposed_by", "decided_by")


class Shown(StrEnum):
    """Which of them a list has."""

    EFFECTIVE = "effective"  #: in force now
    PROPOSED = "proposed"  #: waiting for a second person
    ALL = "all"


def limits_seen(user: User, rights: Rights) -> QuerySet[RiskLimit]:
    rows = RiskLimit.objects.select_related(*RELATED)
    if Function.LIMITS_READ_ALL in rights.functions:
        return rows
    mine = Q(scope__in=[Scope.FIRM.value, Scope.SYMBOL.value]) | Q(subject_id=user.id)
    if rights.desk is not None:
        mine |= Q(desk_id=rights.desk)
    if (headed := desk_headed(rights)) is not None:
        return rows.filter(mine | Q(subject__desk_id=headed))
    return rows.filter(mine, state=LimitState.APPROVED.value)


def desk_headed(rights: Rights) -> UUID | None:
    """The desk for which and for whose users he may propose; None where he heads none."""
    heads = Function.LIMITS_PROPOSE in rights.functions and Function.ORDERS_READ_DESK in rights.functions
    return rights.desk if heads else None


def limit_seen(user: User, rights: Rights, limit_id: UUID) -> RiskLimit:
    """NotFound for every other id."""
    row = limits_seen(user, rights).filter(id=limit_id).first()
    if row is None:
        raise NotFound("There is no such limit.")
    return row


def limits_page(rows: QuerySet[RiskLimit], shown: Shown, place: Place | None, limit: int) -> Page[Shape]:
    """Newest proposal first."""
    now_us, spans = micros(timezone.now()), spans_of_all()
    if shown is Shown.PROPOSED:
        rows = rows.filter(state=LimitState.PROPOSED.value)
    if shown is Shown.EFFECTIVE:
        rows = rows.filter(state=LimitState.APPROVED.value)
        return in_force(rows, spans, now_us, place, limit)
    page = newest_first(rows, "proposed_at", place, limit)
    return Page([limit_shape(row, spans.of(row.id), now_us) for row in page.items], page.next_token)


def in_force(rows: QuerySet[RiskLimit], spans: Spans, now_us: int, place: Place | None, limit: int) -> Page[Shape]:
    """Read on until the page is full: only what all of them say together tells which are in force."""
    found: list[Shape] = []
    while True:
        page = newest_first(rows, "proposed_at", place, IDS_PER_QUERY)
        for row in page.items:
            periods = spans.of(row.id)
            if any(span.holds_at(now_us) for span in periods):
                found.append(limit_shape(row, periods, now_us))
                place = Place(row.proposed_at, row.id)
                if len(found) == limit:
                    return Page(found, place.token() if rest(rows, place) else None)
        if page.next_token is None:
            return Page(found, None)
        place = Place.read(page.next_token)


def rest(rows: QuerySet[RiskLimit], place: Place) -> bool:
    return bool(newest_first(rows, "proposed_at", place, 1).items)


def shape_now(row: RiskLimit) -> dict[str, Any]:
    return limit_shape(row, spans_of_all().of(row.id), micros(timezone.now()))
