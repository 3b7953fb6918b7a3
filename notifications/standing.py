"""Which alerts and notifications does a socket begin with? Blocking: called in a reader thread; oldest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.alerts.selectors import alerts_of
from notifications.inbox.selectors import notifications_of
from notifications.items import EPOCH, MICROSECOND, Standing
from notifications.shapes import alert_shape, notification_shape

ALERTS_MAX = 1_000
NOTIFICATIONS_MAX = 100


def alerts_standing(user_id: UUID) -> list[Standing]:
    """The active ones."""
    rows = alerts_of(user_id).filter(is_active=True).order_by("-created_at")[:ALERTS_MAX]
    return [standing(row.triggered_at or row.created_at, alert_shape(row)) for row in reversed(rows)]


def notifications_standing(user_id: UUID) -> list[Standing]:
    """The newest that are not read."""
    rows = notifications_of(user_id, unread_only=True).order_by("-created_at")[:NOTIFICATIONS_MAX]
    return [standing(row.created_at, notification_shape(row)) for row in reversed(rows)]


def standing(at: datetime, shape: dict[str, Any]) -> Standing:
    return Standing((at - EPOCH) // MICROSECOND, shape)
