"""Which changes of a user leave his access tokens behind? Of his roles and of his password: both raise his epoch.

His sessions go on: the next refresh gives tokens of the new epoch, and the rights that belong to it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import F

from accounts.models import User

CHANGES = frozenset({"post_add", "post_remove", "pre_clear"})


def epoch_raise(user_ids: Collection[UUID]) -> None:
    """Access tokens that these users have are not taken any more, within five seconds."""
    User.objects.filter(id__in=user_ids).update(epoch=F("epoch") + 1)


def roles_changed(instance: User | Group, action: str, pk_set: set[Any] | None, **_signal: Any) -> None:
    """Receiver of `m2m_changed` for the groups of users, from either side."""
    if action not in CHANGES or pk_set == set():
        return
    if isinstance(instance, User):
        epoch_raise([instance.id])
    else:
        epoch_raise(pk_set or list(instance.user_set.values_list("id", flat=True)))
