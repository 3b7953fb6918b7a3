"""What may each role do in the admin?

The groups are made by a migration. Their permissions exist only after the migrations of their app, so they are
granted by `post_migrate`, app by app; that is repeated at each `migrate`, brings back a group that is gone and takes
nothing away.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet

from accounts.models import Role

VIEWERS = (Role.COMPLIANCE, Role.OPERATIONS)
WITHOUT_ADMIN = tuple(role for role in Role if role not in (Role.ADMIN, *VIEWERS))


def roles_grant(sender: AppConfig, using: str = "default", **_signal: Any) -> None:
    """Of `sender`'s models: compliance and operations may view all, admin may do all; the others have no admin."""
    permissions = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    for role in WITHOUT_ADMIN:
        _grant(role, permissions.none(), using)
    _grant(Role.ADMIN, permissions, using)
    for viewer in VIEWERS:
        _grant(viewer, permissions.filter(codename__startswith="view_"), using)


def _grant(role: Role, permissions: QuerySet[Permission], using: str) -> None:
    group, _ = Group.objects.using(using).get_or_create(name=role.value)
    group.permissions.add(*permissions)
