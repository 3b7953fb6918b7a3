"""Who can log in to a demo? Users that the contract names, made by `up`, refused in production."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import Account, Desk, Role, User
from tradingmw.env import env

PASSWORD = "demo-Passw0rd!"  # noqa: S105  # public: the contract prints it
DESK = "alpha"


class DemoUser(NamedTuple):
    username: str
    roles: tuple[Role, ...]
    desk: str | None = None
    is_staff: bool = False


USERS = (
    DemoUser("trader1", (Role.TRADER,), DESK),
    DemoUser("trader2", (Role.TRADER,), DESK),
    DemoUser("desk1", (Role.TRADER, Role.DESK_HEAD), DESK),
    DemoUser("compliance1", (Role.COMPLIANCE,), is_staff=True),
    DemoUser("admin1", (Role.ADMIN,), is_staff=True),
    DemoUser("operations1", (Role.OPERATIONS,)),  # so that two are left to release what one of them has halted
)


class NotADemo(RuntimeError):
    """Demo users have a public password and are never made in production."""


def demo_create() -> list[str]:
    """Make the demo users that are missing; the names of all of them. Those that exist stay as they are."""
    if not env().demo:
        raise NotADemo(NotADemo.__doc__)
    names = [demo.username for demo in USERS]
    there = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    if missing := [demo for demo in USERS if demo.username not in there]:
        password = make_password(PASSWORD)  # one hash for all: hashing is slow, and the password is no secret
        for demo in missing:
            _user_create(demo, password)
    return names


@transaction.atomic
def _user_create(demo: DemoUser, password: str) -> None:
    desk = Desk.objects.get_or_create(name=demo.desk)[0] if demo.desk else None
    account, _ = Account.objects.get_or_create(name=demo.username, defaults={"desk": desk})
    user = User.objects.create(
        username=demo.username,
        password=password,
        email=f"{demo.username}@demo.invalid",
        desk=desk,
        account=account,
        is_staff=demo.is_staff,
    )
    user.groups.set(Group.objects.filter(name__in=[role.value for role in demo.roles]))
