"""How do others learn that an alert has changed? The user's sockets by a numbered event, the watch by its id.

Both hear of it after the commit and through the channel layer, which may lose it: sockets then find the event within a
second, the watch finds the row within five.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from notifications.models import Alert
from notifications.shapes import alert_shape
from notifications.stream import NewEvent, user_stream
from notifications.wakeups import GROUP, advanced

#: Who watches the feed is a member of this group.
ALERTS_GROUP = "alerts"
CHANNEL = "alerts"
CHANGED = "alerts.changed"


def alert_event(alert: Alert, kind: str) -> NewEvent:
    return NewEvent(user_stream(alert.user_id), CHANNEL, kind, msgspec.json.encode(alert_shape(alert)).decode())


def changed(alert_id: UUID) -> dict[str, Any]:
    """The layer message for ALERTS_GROUP."""
    return {"type": CHANGED, "id": alert_id.hex}


def announce_advanced(numbers: Mapping[str, int]) -> None:
    """After the commit: these streams have come so far."""
    _announce(GROUP, advanced(numbers))


def announce_changed(alert_id: UUID) -> None:
    """After the commit: read this alert again."""
    _announce(ALERTS_GROUP, changed(alert_id))


def _announce(group: str, message: dict[str, Any]) -> None:
    def send() -> None:
        async_to_sync(get_channel_layer().group_send)(group, message)

    transaction.on_commit(send, robust=True)  # the write stands, whatever becomes of its announcement
