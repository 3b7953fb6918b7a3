"""How does a watchlist come to be, change, go? What stands on it is changed in `items`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from preferences.models import Watchlist
from preferences.selectors import watchlist_own
from preferences.services.items import Entry, items_store, traded_of
from preferences.services.named import named_change, named_create, named_delete
from tradingmw.etags import Expected


def watchlist_create(*, user_id: UUID, name: str, is_default: bool = False, entries: Sequence[Entry] = ()) -> Watchlist:
    """Conflict (NAME_TAKEN, QUOTA_REACHED, ALREADY_LISTED), InvalidRequest (UNKNOWN_INSTRUMENT)."""
    traded = traded_of(entries)
    with transaction.atomic():
        made = named_create(Watchlist, user_id=user_id, name=name, is_default=is_default)
        items_store(made.id, entries, traded)
    return watchlist_own(user_id, made.id)


def watchlist_change(*, user_id: UUID, watchlist_id: UUID, allowed: Expected, **changes: Any) -> Watchlist:
    """`changes`: name, is_default. NotFound, Precondition…, Conflict (NAME_TAKEN)."""
    named_change(Watchlist, user_id=user_id, row_id=watchlist_id, allowed=allowed, **changes)
    return watchlist_own(user_id, watchlist_id)


def watchlist_delete(*, user_id: UUID, watchlist_id: UUID, allowed: Expected) -> None:
    """With its items. NotFound, PreconditionFailed."""
    named_delete(Watchlist, user_id=user_id, row_id=watchlist_id, allowed=allowed)
