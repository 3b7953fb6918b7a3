"""How do the orders, executions and positions stand when a socket subscribes to them?

A desk wants what it can still act on and what it did today: all open orders and those that ended within the last 24
hours, the executions of the last 24 hours, every position. Each is bounded; beyond the bound the oldest are left to
REST, and an open order never before an ended one. Blocking: called in a reader thread.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.rights import Reach
from notifications.items import Standing
from orders.instants import micros
from orders.lifecycle import FINAL, OPEN
from orders.models import Execution, Order
from orders.selectors import (
    execution_as_shape,
    executions_of,
    order_as_shape,
    orders_of,
    position_as_shape,
    positions_of,
)

RECENT = timedelta(hours=24)
OBJECTS_MAX = 1_000


def orders_standing(reach: Reach, most: int = OBJECTS_MAX) -> list[Standing]:
    """Open orders, then room for those that ended lately; oldest first by their last change."""
    rows = orders_of(reach).order_by("-updated_at")
    found = list(rows.filter(status__in=sorted(OPEN))[:most])
    ended = rows.filter(status__in=sorted(FINAL), updated_at__gt=timezone.now() - RECENT)
    found += ended[: most - len(found)]
    latest = {row.id: row for row in found}  # one that ended between the two queries is in both
    return [_order(row) for row in sorted(latest.values(), key=lambda row: row.updated_at)]


def _order(row: Order) -> Standing:
    return Standing(micros(row.updated_at), order_as_shape(row))


def executions_standing(reach: Reach) -> list[Standing]:
    """Oldest first."""
    rows = executions_of(reach).filter(executed_at__gt=timezone.now() - RECENT).order_by("-executed_at")
    return [_execution(row) for row in reversed(list(rows[:OBJECTS_MAX]))]


def _execution(row: Execution) -> Standing:
    return Standing(micros(row.executed_at), execution_as_shape(row))


def positions_standing(reach: Reach) -> list[Standing]:
    """By symbol, flat ones included."""
    rows = positions_of(reach).order_by("symbol")[:OBJECTS_MAX]
    return [Standing(micros(row.updated_at), position_as_shape(row)) for row in rows]
