"""How does a workspace come to be, change, go?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from preferences.documents import EMPTY, Document
from preferences.models import Workspace
from preferences.selectors import workspaces_of
from preferences.services.named import named_change, named_create, named_delete
from tradingmw.etags import Expected


def workspace_create(*, user_id: UUID, name: str, layout: Document = EMPTY, is_default: bool = False) -> Workspace:
    """Conflict (NAME_TAKEN, QUOTA_REACHED)."""
    made = named_create(Workspace, user_id=user_id, name=name, is_default=is_default, layout=layout.column)
    made.layout = layout.content
    return made


def workspace_change(
    *, user_id: UUID, workspace_id: UUID, allowed: Expected, layout: Document | None = None, **changes: Any
) -> Workspace:
    """`changes`: name, is_default. NotFound, Precondition…, Conflict (NAME_TAKEN).

    A layout that stays is read when it is asked for, after the commit.
    """
    if layout is not None:
        changes["layout"] = layout.column
    with transaction.atomic():
        named_change(Workspace, user_id=user_id, row_id=workspace_id, allowed=allowed, **changes)
        changed = workspaces_of(user_id).get(id=workspace_id)
    if layout is not None:
        changed.layout = layout.content
    return changed


def workspace_delete(*, user_id: UUID, workspace_id: UUID, allowed: Expected) -> None:
    """NotFound, PreconditionFailed."""
    named_delete(Workspace, user_id=user_id, row_id=workspace_id, allowed=allowed)
