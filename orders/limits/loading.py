"""Which approved limits does the gate get? All that hold now or later, each once per span in which it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from orders.core.limits import Breach, Limit, Rule
from orders.core.scopes import Scope, Target
from orders.instants import micros
from orders.limits.spans import FOREVER_US, Entry, Span, Spans
from orders.models import LimitRevision, RiskLimit
from orders.models.limits import Asks, LimitState

REVISION_ID = 1


def revision() -> int:
    """It grows with every approval; 0 before the first one."""
    return LimitRevision.objects.filter(id=REVISION_ID).values_list("number", flat=True).first() or 0


def revision_advance() -> None:
    """Within the transaction of the approval."""
    LimitRevision.objects.get_or_create(id=REVISION_ID)
    LimitRevision.objects.filter(id=REVISION_ID).update(number=F("number") + 1)


def approved() -> QuerySet[RiskLimit]:
    return RiskLimit.objects.filter(state=LimitState.APPROVED.value)


def spans_of_all() -> Spans:
    """When every approved limit holds."""
    columns = ("id", "effective_from", "effective_until", "replaces_id", "asks")
    return Spans(entry(*row) for row in approved().values_list(*columns))


def entry(
    limit_id: UUID, starts_at: datetime | None, ends_at: datetime | None, replaces: UUID | None, asks: str
) -> Entry:
    if starts_at is None:
        raise ValueError(f"Limit {limit_id} was approved without a date.")
    end_us = FOREVER_US if ends_at is None else micros(ends_at)
    return Entry(limit_id, Span(micros(starts_at), end_us), replaces, asks == Asks.END.value)


def limits_loaded(now_us: int) -> tuple[Limit, ...]:
    """Those that hold at `now_us` or later."""
    spans = spans_of_all()
    rows = map(
        Row._make, approved().filter(asks=Asks.SET.value).order_by("proposed_at", "id").values_list(*Row._fields)
    )
    return tuple(limit for row in rows for limit in limits_of(row, spans.left(row.id, now_us)))


class Row(NamedTuple):
    """What of an approved limit its core's counterpart has; there may be thousands that are over."""

    id: UUID
    rule: str
    scope: str
    desk_id: UUID | None
    subject_id: UUID | None
    symbol: str
    value: int
    breach: str


def limits_of(row: Row, spans: Sequence[Span]) -> Iterator[Limit]:
    for span in spans:
        target = target_of(row)
        yield Limit(
            id=row.id,
            rule=Rule(row.rule),
            target=target,
            symbol="" if target.scope is Scope.SYMBOL else row.symbol,
            value=row.value,
            breach=Breach(row.breach),
            from_us=span.start,
            until_us=None if span.end == FOREVER_US else span.end,
        )


def target_of(row: Row) -> Target:
    keys = {
        Scope.FIRM: "",
        Scope.DESK: str(row.desk_id),
        Scope.USER: str(row.subject_id),
        Scope.SYMBOL: row.symbol,
    }
    scope = Scope(row.scope)
    return Target(scope, keys[scope])
