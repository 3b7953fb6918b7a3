"""Who takes part in these tests? A trader with a session; hashing his password costs little here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password

from accounts.live import live_sessions
from accounts.models import Account, Session, User
from accounts.policy import Role
from accounts.services import Client, TokenPair, session_begin
from tests.roles import in_roles

PASSWORD = "correct horse battery"
HERE = Client("192.0.2.7", "tests")


class QuickArgon2(Argon2PasswordHasher):
    """The hasher of production at a small price."""

    time_cost, memory_cost, parallelism = 1, 64, 1


@pytest.fixture(autouse=True)
def quick_hashing(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickArgon2"]


@pytest.fixture
def password_hash(quick_hashing: None) -> str:
    return make_password(PASSWORD)


@pytest.fixture
def make_user(password_hash: str) -> Callable[[str], User]:
    def make(username: str) -> User:
        account = Account.objects.create(name=username)
        user = User.objects.create(
            username=username, email=f"{username}@example.com", password=password_hash, account=account
        )
        return in_roles(user, Role.TRADER)

    return make


@pytest.fixture
def trader(make_user: Callable[[str], User]) -> User:
    return make_user("trader")


@pytest.fixture
def login(trader: User) -> TokenPair:
    return session_begin(user=trader, client=HERE)


@pytest.fixture
def session(login: TokenPair) -> Session:
    return login.session


def nothing_is_remembered() -> None:
    live_sessions.forget(list(live_sessions.remembered()))


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    nothing_is_remembered()
