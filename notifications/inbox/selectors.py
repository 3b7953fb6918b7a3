"""Which notifications does a user have?"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from notifications.models import Notification
from tradingmw.errors import NotFound


def notifications_of(user_id: UUID, *, unread_only: bool = False) -> QuerySet[Notification]:
    rows = Notification.objects.filter(user_id=user_id)
    return rows.filter(is_read=False) if unread_only else rows


def notification_own(user_id: UUID, notification_id: UUID) -> Notification:
    """NotFound for every id that is not one of the user's."""
    found = notifications_of(user_id).filter(id=notification_id).first()
    if found is None:
        raise NotFound
    return found


def unread_count(user_id: UUID) -> int:
    return notifications_of(user_id, unread_only=True).count()
