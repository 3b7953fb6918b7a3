"""How does a limit look outside? The public words and units of its row, and when it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orders.core.limits import Rule
from orders.core.scopes import Scope
from orders.instants import micros, text
from orders.limits.spans import FOREVER_US, Span
from orders.limits.values import value_text
from orders.models import RiskLimit
from orders.models.limits import Asks, LimitState

Shape = dict[str, Any]


def limit_shape(row: RiskLimit, periods: list[Span], now_us: int) -> Shape:
    """`row` with its people and its desk loaded; `periods` are those of `Spans.of`."""
    return {
        "id": str(row.id),
        **terms_shape(row),
        "state": state_of(row, periods, now_us),
        "inEffect": any(span.holds_at(now_us) for span in periods),
        "periods": [period_shape(span) for span in periods],
        "proposedBy": row.proposed_by.username,
        "proposedAt": moment(row.proposed_at),
        "decidedBy": row.decided_by.username if row.decided_by else None,
        "decidedAt": moment(row.decided_at),
        "decisionNote": row.decision_note,
    }


def terms_shape(row: RiskLimit) -> Shape:
    """What it proposes; the audit keeps the same."""
    return {
        "asks": row.asks,
        "rule": row.rule,
        "scope": row.scope,
        "target": target_name(row),
        "symbol": (row.symbol or None) if row.scope != Scope.SYMBOL.value else None,
        "value": value_text(Rule(row.rule), row.value),
        "breach": row.breach,
        "effectiveFrom": moment(row.effective_from),
        "effectiveUntil": moment(row.effective_until),
        "replaces": str(row.replaces_id) if row.replaces_id else None,
        "note": row.note,
    }


def target_name(row: RiskLimit) -> str | None:
    """A username, the name of a desk, a symbol; None for the firm."""
    if row.scope == Scope.SYMBOL.value:
        return row.symbol
    if row.desk is not None:
        return row.desk.name
    return row.subject.username if row.subject is not None else None


def state_of(row: RiskLimit, periods: list[Span], now_us: int) -> str:
    over = row.asks == Asks.SET.value and all(span.end <= now_us for span in periods)
    return LimitState.ENDED.value if row.state == LimitState.APPROVED.value and over else row.state


def period_shape(span: Span) -> Shape:
    return {"start": text(span.start), "end": None if span.end == FOREVER_US else text(span.end)}


def moment(at: datetime | None) -> str | None:
    return None if at is None else text(micros(at))
