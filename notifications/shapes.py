"""How does the world see a notification? One JSON shape each, for REST, sockets and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.models import Notification


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


def moment_text(moment: datetime) -> str:
    """RFC 3339 in UTC, with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
