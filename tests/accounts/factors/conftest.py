"""What do users of these tests have? An app whose codes the test can show, a key in software, a clock of their own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone
from django_otp.oath import TOTP

from accounts.factors.recovery import recovery_make
from accounts.factors.services import passkey_add, passkey_begin
from accounts.factors.totp import Enrolment, totp_begin, totp_confirm
from accounts.models import Passkey, Session, User
from tests.accounts.conftest import HERE
from tests.accounts.factors.authenticator import HONEST, Authenticator, Scene

STEP = timedelta(seconds=30)
#: in the middle of a time step
NOON = datetime(2026, 11, 23, 12, 0, 15, tzinfo=UTC)


def shown(secret: str, at: datetime, steps: int = 0) -> str:
    """The code that an app with this seed shows `steps` later than at `at`."""
    clock = TOTP(base64.b32decode(secret), drift=steps)
    clock.time = at.timestamp()
    return f"{clock.token():06d}"


def taken_at_once(use: Callable[[], bool], *, threads: int = 10, times: int = 10) -> int:
    """How many of `times` uses are taken, each by one of `threads` on a connection of its own."""

    def one(_number: int) -> bool:
        try:
            return use()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(one, range(times)))


@pytest.fixture
def app(trader: User) -> Enrolment:
    """The trader's app: confirmed an hour before noon, so that every later code is unused."""
    before = NOON - timedelta(hours=1)
    enrolment = totp_begin(trader, "telephone", before)
    totp_confirm(trader, enrolment.factor.id, shown(enrolment.secret, before), before)
    return enrolment


@pytest.fixture
def recovery(trader: User, app: Enrolment) -> list[str]:
    return recovery_make(trader, NOON)


@pytest.fixture
def key() -> Authenticator:
    return Authenticator()


def added(session: Session, key: Authenticator, scene: Scene = HONEST) -> Passkey:
    """The user sets `key` up."""
    now = timezone.now()
    asked = passkey_begin(session=session, now=now)
    answer = key.create(asked.options, scene)
    return passkey_add(session=session, client=HERE, handle=asked.handle, name="key", answer=answer, now=now)


@pytest.fixture
def passkey(session: Session, key: Authenticator) -> Passkey:
    """The trader's passkey, on `key`."""
    return added(session, key)
