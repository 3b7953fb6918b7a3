"""How does a notification become read, unread or gone? Each is one statement, and doing it again changes nothing."""

from __future__ import annotations

from uuid import UUID

from notifications.inbox.selectors import notification_own, notifications_of
from notifications.models import Notification
from tradingmw.errors import NotFound


def notification_mark(*, user_id: UUID, notification_id: UUID, is_read: bool) -> Notification:
    """The notification after it; NotFound."""
    notifications_of(user_id).filter(id=notification_id).update(is_read=is_read)
    return notification_own(user_id, notification_id)


def notifications_read_all(*, user_id: UUID) -> int:
    """How many were unread till now."""
    return notifications_of(user_id, unread_only=True).update(is_read=True)


def notification_delete(*, user_id: UUID, notification_id: UUID) -> None:
    """NotFound where there is none."""
    deleted, _ = notifications_of(user_id).filter(id=notification_id).delete()
    if not deleted:
        raise NotFound
