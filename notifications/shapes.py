"""How does the world see a notification and an alert? One JSON shape each, for REST, sockets and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.models import Alert, Notification
from tradingmw.scaled import text_e8, to_e8


def notification_shape(notification: Notification) -> dict[str, Any]:
    return {
        "id": str(notification.id),
        "type": notification.type,
        "title": notification.title,
        "message": notification.message,
        "isRead": notification.is_read,
        "metadata": notification.metadata,
        "createdAt": moment_text(notification.created_at),
    }


def alert_shape(alert: Alert) -> dict[str, Any]:
    price = alert.triggered_price
    return {
        "id": str(alert.id),
        "symbol": alert.symbol,
        "condition": str(alert.condition),
        "targetPrice": text_e8(to_e8(alert.target_price)),
        "note": alert.note,
        "isActive": alert.is_active,
        "isTriggered": alert.is_triggered,
        "createdAt": moment_text(alert.created_at),
        "triggeredAt": moment_text(alert.triggered_at) if alert.triggered_at else None,
        "triggeredPrice": None if price is None else text_e8(to_e8(price)),
    }


def moment_text(moment: datetime) -> str:
    """RFC 3339 in UTC, with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
