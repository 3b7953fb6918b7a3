"""Which sessions are there, and which of them live?"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Session, User

#: SQL Server takes 2,100 parameters in a statement.
IDS_PER_QUERY = 500


def sessions_live() -> QuerySet[Session]:
    """Not ended, not expired, of an active user."""
    return Session.objects.filter(ended_at=None, expires_at__gt=timezone.now(), user__is_active=True)


def sessions_alive(session_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `session_ids` that live."""
    alive: set[UUID] = set()
    for start in range(0, len(session_ids), IDS_PER_QUERY):
        ids = session_ids[start : start + IDS_PER_QUERY]
        alive.update(sessions_live().filter(id__in=ids).values_list("id", flat=True))
    return alive


def sessions_of(user: User) -> QuerySet[Session]:
    """The user's live sessions, newest first."""
    return sessions_live().filter(user=user).order_by("-created_at", "-id")
