"""Does a role that needs a second factor open nothing before one is proven, and everything after?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.factors.freshness import session_proven
from accounts.factors.policy import factor_needed
from accounts.factors.services import factor_remove
from accounts.models import Method, Passkey, Session, User
from accounts.services import TokenPair
from accounts.sockets.proof import Proof, session_of
from tests.accounts.api.test_factors import Caller, code_of, log_in
from tests.accounts.conftest import HERE
from tradingmw.env import env
from tradingmw.errors import Code, Conflict, Forbidden

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in production."""
    monkeypatch.setenv("TMW_MFA_POLICY", "required")
    env.cache_clear()
    yield
    monkeypatch.undo()
    env.cache_clear()


@pytest.fixture
def head(trader: User) -> User:
    """The trader heads a desk from now on."""
    trader.groups.set(Group.objects.get_or_create(name=name)[0] for name in ("trader", "desk_head"))
    return trader


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def caller(client: Client, login: TokenPair) -> Caller:
    return Caller(client, login.access_token)


def elsewhere(caller: Caller) -> Any:
    return caller.client.get("/api/v1/orders", headers=caller.headers)


def test_a_session_without_a_factor_can_set_one_up_and_nothing_else(required: None, head: User, caller: Caller) -> None:
    assert code_of(elsewhere(caller)) == (403, "MFA_ENROLMENT_REQUIRED")
    assert code_of(caller.post("ws-ticket")) == (403, "MFA_ENROLMENT_REQUIRED")
    assert caller.get("me")["username"] == "trader"
    assert len(caller.get("sessions")["items"]) == 1
    assert caller.get("mfa")["mfaRequired"] is True
    assert caller.post("mfa/totp", {"name": "telephone"}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_no_socket_opens_either(required: None, head: User, login: TokenPair) -> None:
    with pytest.raises(Forbidden) as caught:
        async_to_sync(session_of)(Proof(access_token=login.access_token), HERE.ip_address)
    assert caught.value.code is Code.MFA_ENROLMENT_REQUIRED


def test_once_it_is_proven_the_session_is_whole(required: None, head: User, caller: Caller, session: Session) -> None:
    assert elsewhere(caller).status_code == 403  # and is remembered by this process
    session_proven(session, Method.TOTP, timezone.now())
    assert elsewhere(caller).status_code == 200
    factor_needed(session)  # what another process remembers does not count: the database is asked


def test_other_roles_need_none(required: None, caller: Caller, trader: User) -> None:
    trader.groups.set(Group.objects.filter(name="trader"))
    assert elsewhere(caller).status_code == 200


def test_the_demo_offers_and_does_not_require(head: User, caller: Caller, client: Client) -> None:
    assert elsewhere(caller).status_code == 200
    assert log_in(client).json()["mfa"] == {"state": "offered", "methods": []}


def test_a_login_says_that_one_is_required(required: None, head: User, client: Client) -> None:
    assert log_in(client).json()["mfa"] == {"state": "required", "methods": []}


def test_the_last_factor_stays_where_one_is_required(
    required: None, head: User, session: Session, passkey: Passkey
) -> None:
    whole = Session.objects.get(id=session.id)
    with pytest.raises(Conflict) as caught:
        factor_remove(session=whole, client=HERE, kind=Passkey, factor_id=passkey.id, now=timezone.now())
    assert caught.value.code is Code.MFA_ENROLMENT_REQUIRED
    assert Passkey.objects.exists()
