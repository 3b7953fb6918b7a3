"""Is an access token taken when it is ours and its session lives, and only then?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings

from accounts.models import Session, User
from accounts.services import TokenPair, session_end
from accounts.tokens import access_token_check
from tests.accounts.conftest import HERE
from tests.bridge.waiting import until
from tradingmw.errors import Code, NotAuthenticated

pytestmark = pytest.mark.django_db


def code_of(token: str) -> Code:
    with pytest.raises(NotAuthenticated) as caught:
        access_token_check(token)
    return caught.value.code


def resigned(login: TokenPair, *, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    claims = jwt.decode(login.access_token, options={"verify_signature": False})
    claims |= changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, settings.SIMPLE_JWT["SIGNING_KEY"] if key is None else key, algorithm=algorithm)


def test_a_token_names_its_session(login: TokenPair) -> None:
    assert access_token_check(login.access_token) == login.session


def test_the_claims_are_those_of_the_contract(login: TokenPair) -> None:
    claims = jwt.decode(login.access_token, options={"verify_signature": False})
    assert claims.keys() >= {"aud", "iss", "exp", "iat", "jti", "sid", "sub"}
    assert jwt.get_unverified_header(login.access_token)["alg"] == "HS256"


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "x" * 64},
        {"key": settings.SECRET_KEY},
        {"algorithm": "none", "key": ""},
        {"algorithm": "HS512"},
        {"aud": "another"},
        {"iss": "another"},
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"jti": None},
        {"sid": None},
        {"sid": "no uuid"},
        {"sid": 7},
        {"sub": None},
        {"sub": uuid4().hex},
        {"token_type": "refresh"},
        {"epoch": None},
        {"epoch": 0},
    ],
    ids=" ".join,  # the names alone: values hold keys
)
def test_a_token_that_is_not_ours_is_refused(login: TokenPair, changes: dict[str, Any]) -> None:
    assert code_of(resigned(login, **changes)) is Code.INVALID_TOKEN


@pytest.mark.parametrize("token", ["", "a.b.c", "ü", "x" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert code_of(token) is Code.INVALID_TOKEN


def test_a_token_for_a_session_that_never_was_is_refused(login: TokenPair) -> None:
    assert code_of(resigned(login, sid=uuid4().hex)) is Code.SESSION_ENDED


def test_logout_is_seen_at_once(login: TokenPair, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    access_token_check(login.access_token)
    with django_capture_on_commit_callbacks(execute=True):
        session_end(session=login.session, client=HERE)
    assert code_of(login.access_token) is Code.SESSION_ENDED


def test_a_deactivated_user_is_out(login: TokenPair) -> None:
    User.objects.update(is_active=False)
    assert code_of(login.access_token) is Code.SESSION_ENDED


def test_a_token_never_outlives_its_session(login: TokenPair) -> None:
    claims = jwt.decode(login.access_token, options={"verify_signature": False})
    assert claims["exp"] <= Session.objects.get().expires_at.timestamp()


def test_a_token_that_was_taken_once_is_refused_when_its_time_is_over(login: TokenPair) -> None:
    expires_at = int(time.time()) + 2
    token = resigned(login, exp=expires_at)
    assert access_token_check(token) == login.session
    until(lambda: time.time() > expires_at, "the end of its time")
    assert code_of(token) is Code.INVALID_TOKEN
