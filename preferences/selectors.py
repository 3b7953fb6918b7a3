"""What has a user stored? Others' things are not found."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, QuerySet

from preferences.models import UserProfile, Watchlist, WatchlistItem, Workspace
from tradingmw.errors import NotFound


def profile_of(user_id: UUID) -> UserProfile:
    """The user's profile; an unsaved one with the defaults where there is none yet."""
    return UserProfile.objects.filter(user_id=user_id).first() or UserProfile(user_id=user_id)


def workspaces_of(user_id: UUID) -> QuerySet[Workspace]:
    """Without their layouts, which are read one at a time."""
    return Workspace.objects.filter(user_id=user_id).defer("layout")


def workspace_own(user_id: UUID, workspace_id: UUID) -> Workspace:
    """With its layout; NotFound."""
    found = Workspace.objects.filter(user_id=user_id, id=workspace_id).first()
    if found is None:
        raise NotFound
    return found


def watchlists_of(user_id: UUID) -> QuerySet[Watchlist]:
    """With `item_count`, without the items."""
    return Watchlist.objects.filter(user_id=user_id).annotate(item_count=Count("items"))


def watchlist_own(user_id: UUID, watchlist_id: UUID) -> Watchlist:
    """With its items, read after its version: their ETag is never newer than they are. NotFound."""
    found = Watchlist.objects.filter(user_id=user_id, id=watchlist_id).prefetch_related("items").first()
    if found is None:
        raise NotFound
    return found


def watchlist_item_own(user_id: UUID, watchlist_id: UUID, item_id: UUID) -> WatchlistItem:
    """With its watchlist; NotFound."""
    rows = WatchlistItem.objects.filter(watchlist__user_id=user_id, watchlist_id=watchlist_id, id=item_id)
    found = rows.select_related("watchlist").first()
    if found is None:
        raise NotFound
    return found
