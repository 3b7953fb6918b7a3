"""A trader whose program has a key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey, Session, User
from accounts.policy import Function
from accounts.rights import rights_of
from accounts.services import session_begin
from accounts.signatures.services import key_create
from tests.accounts.conftest import HERE
from tests.accounts.signatures.program import Program

SCOPES = [Function.ORDERS_PLACE, Function.ORDERS_READ_OWN, Function.SELF_READ, Function.SOCKETS_OPEN]
MakeKey = Callable[..., tuple[Program, ApiKey]]


def proven(session: Session) -> Session:
    """A second factor was shown in it just now."""
    session.mfa_at = timezone.now()
    session.save()
    return session


@pytest.fixture
def make_key() -> MakeKey:
    def make(user: User, **changes: Any) -> tuple[Program, ApiKey]:
        program, session = Program(), proven(session_begin(user=user, client=HERE).session)
        wanted = {
            "name": "bot",
            "scopes": [scope.value for scope in SCOPES],
            "public_key": program.public_key,
            "expires_at": timezone.now() + timedelta(days=1),
            **changes,
        }
        key = key_create(session=session, rights=rights_of(user), client=HERE, **wanted)
        program.key_id = key.id
        return program, key

    return make
