"""How does a user of a test come to his roles? By the groups of their names, as everywhere."""

from __future__ import annotations

from django.contrib.auth.models import Group

from accounts.models import User
from accounts.policy import Role


def in_roles(user: User, *roles: Role) -> User:
    """`user`, who has exactly these roles from now on; a flushed database has lost the groups, too."""
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return user
