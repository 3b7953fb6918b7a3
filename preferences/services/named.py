"""What do workspaces and watchlists have in common? A name that is the user's only one of its kind, a limit to how
many there are, and a default of which there is at most one.

The user's row is locked first, so that what is checked here still holds at the commit.
"""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from preferences.models import Watchlist, Workspace
from preferences.naming import name_key
from tradingmw.errors import Code, Conflict
from tradingmw.etags import Expected, version_advance

NAMED_MAX = 100

Named = TypeVar("Named", Workspace, Watchlist)


def named_create(model: type[Named], *, user_id: UUID, name: str, is_default: bool, **columns: Any) -> Named:
    """A new one; Conflict (NAME_TAKEN, QUOTA_REACHED)."""
    with transaction.atomic():
        rows = _rows_alone(model, user_id)
        if rows.count() >= NAMED_MAX:
            raise quota_reached(NAMED_MAX)
        key = _free_key(rows, name)
        if is_default:
            _release_default(rows)
        row = model(user_id=user_id, name=name, name_key=key, is_default=is_default, **columns)
        row.save(force_insert=True)
        return row


def named_change(model: type[Named], *, user_id: UUID, row_id: UUID, allowed: Expected, **changes: Any) -> None:
    """Give it `changes` and its next version; NotFound, Precondition…, Conflict (NAME_TAKEN)."""
    with transaction.atomic():
        rows = _rows_alone(model, user_id)
        version_advance(rows.filter(id=row_id), allowed, updated_at=timezone.now())
        others = rows.exclude(id=row_id)
        if "name" in changes:
            changes["name_key"] = _free_key(others, changes["name"])
        if changes.get("is_default"):
            _release_default(others)
        if changes:
            rows.filter(id=row_id).update(**changes)


def named_delete(model: type[Named], *, user_id: UUID, row_id: UUID, allowed: Expected) -> None:
    """NotFound, PreconditionFailed."""
    with transaction.atomic():
        row = _rows_alone(model, user_id).filter(id=row_id)
        version_advance(row, allowed)
        row.delete()


def quota_reached(most: int) -> Conflict:
    return Conflict(f"There may be {most} of these; delete one first.", code=Code.QUOTA_REACHED, limit=most)


def _rows_alone(model: type[Named], user_id: UUID) -> QuerySet[Named]:
    """The user's rows, while no other writer of this user's is at work."""
    User.objects.select_for_update().filter(id=user_id).first()
    return model._default_manager.filter(user_id=user_id)


def _free_key(rows: QuerySet[Any], name: str) -> str:
    key = name_key(name)
    if rows.filter(name_key=key).exists():
        raise Conflict(f"There is one named “{name}” already.", code=Code.NAME_TAKEN)
    return key


def _release_default(rows: QuerySet[Any]) -> None:
    """Whoever holds the earlier default in his hands must see that it is none any more: it has a new version."""
    former = rows.filter(is_default=True)
    former.update(is_default=False, version=F("version") + 1, updated_at=timezone.now())
