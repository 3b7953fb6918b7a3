"""Which sessions are there, and which of them live?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.credentials import RefreshToken
from accounts.live import LAST_ACTIVE_EVERY, idle_since, sessions_seen
from accounts.models import Session, User
from tradingmw.errors import NotFound

#: SQL Server takes 2,100 parameters in a statement.
IDS_PER_QUERY = 500


def sessions_live() -> QuerySet[Session]:
    """Not ended, not expired, not idle for too long, of an active user."""
    used = Q(last_active__gt=idle_since()) | Q(api_key__isnull=False)
    return Session.objects.filter(used, ended_at=None, expires_at__gt=timezone.now(), user__is_active=True)


def sessions_used(session_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `session_ids` that live. That a socket of theirs is open is use of them, and noted."""
    alive: set[UUID] = set()
    noted_before = timezone.now() - LAST_ACTIVE_EVERY
    for start in range(0, len(session_ids), IDS_PER_QUERY):
        ids = session_ids[start : start + IDS_PER_QUERY]
        found = dict(sessions_live().filter(id__in=ids).values_list("id", "last_active"))
        alive.update(found)
        if unnoted := [session_id for session_id, last_active in found.items() if last_active <= noted_before]:
            sessions_seen(unnoted)
    return alive


def users_now(user_ids: Collection[UUID]) -> dict[UUID, User]:
    """These users with all that their rights depend on."""
    whole = User.objects.select_related("entitlement").prefetch_related("groups")
    ids, found = list(user_ids), dict[UUID, User]()
    for start in range(0, len(ids), IDS_PER_QUERY):
        found.update((user.id, user) for user in whole.filter(id__in=ids[start : start + IDS_PER_QUERY]))
    return found


def sessions_of(user: User) -> QuerySet[Session]:
    """The user's live sessions, newest first."""
    return sessions_live().filter(user=user, api_key=None).order_by("-created_at", "-id")


def session_own(user: User, session_id: UUID) -> Session:
    """One of the user's live sessions; NotFound for every other id."""
    session = sessions_of(user).filter(id=session_id).select_related("user").first()
    if session is None:
        raise NotFound
    return session


def session_of_refresh_token(text: str) -> Session | None:
    """The live session that a refresh token of ours names, whatever its generation."""
    token = RefreshToken.read(text)
    return sessions_live().select_related("user").filter(id=token.session_id).first() if token else None
