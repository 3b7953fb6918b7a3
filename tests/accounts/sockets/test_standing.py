"""Do open sockets and tokens in use end once their user may not come from there, or owes a second factor?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import AddressRule, Method, Session, User
from accounts.policy import Role
from accounts.rights import rights_of
from accounts.selectors import users_now
from accounts.services import TokenPair, session_begin, session_end, ticket_issue
from accounts.sockets.closing import CloseCode
from accounts.sockets.standing import Standing, fallen
from accounts.tokens import access_token_check
from tests.accounts.conftest import HERE
from tests.accounts.factors.test_policy import required as required
from tests.accounts.sockets.test_consumer import address as address
from tests.accounts.sockets.test_consumer import ask, close_code, opened
from tests.patience import PATIENCE
from tests.roles import in_roles
from tests.scoreboard import Measured
from tests.stack import wait_for
from tradingmw.errors import Code, Forbidden

pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
LIMIT_SECONDS = 5
LOOPBACK, OFFICE, AWAY = "127.0.0.0/8", "10.0.0.0/8", "203.0.113.9"


@pytest.fixture
def ticket(session: Session) -> str:
    """For a socket of this machine."""
    return ticket_issue(session=session).text


def is_refused(token: str) -> bool:
    """As every REST call asks; what this process remembers counts."""
    try:
        access_token_check(token, HERE.ip_address)
    except Forbidden as error:
        return error.code is Code.ADDRESS_NOT_ALLOWED
    return False


def seconds_since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def rule(**names: Any) -> AddressRule:
    made: AddressRule = AddressRule.objects.create(**names)
    return made


@pytest.mark.parametrize("whose", ["role", "user"])
def test_a_new_rule_closes_the_sockets_and_ends_the_use_of_tokens_from_elsewhere(
    address: str, ticket: str, login: TokenPair, trader: User, whose: str, measured: Measured
) -> None:
    names = {"role": Role.TRADER.value} if whose == "role" else {"user": trader}
    with opened(address, ticket) as socket:
        assert ask(socket, "ping")["status"] == "ok"
        assert not is_refused(login.access_token)
        began = time.monotonic()
        rule(network=OFFICE, **names)
        assert close_code(socket) == CloseCode.FORBIDDEN
        closed_seconds = seconds_since(began)
    wait_for(lambda: is_refused(login.access_token), LIMIT_SECONDS * PATIENCE, "the refusal of the token")
    refused_seconds = seconds_since(began)
    measured(30, f"until a new address rule of the {whose} has closed a socket", f"{closed_seconds} s", "5 s")
    measured(30, f"until a new address rule of the {whose} counts over REST", f"{refused_seconds} s", "5 s")
    assert max(closed_seconds, refused_seconds) <= LIMIT_SECONDS * PATIENCE


def test_a_rule_that_becomes_another_closes_them_too_and_one_that_lets_in_does_not(
    address: str, trader: User, login: TokenPair
) -> None:
    changing = rule(role=Role.TRADER.value, network=LOOPBACK)
    colleague = session_begin(user=trader, client=HERE._replace(ip_address="127.0.0.1"))
    with opened(address, ticket_issue(session=colleague.session).text) as socket:
        assert ask(socket, "ping")["status"] == "ok"
        AddressRule.objects.filter(id=changing.id).update(network=OFFICE)
        assert close_code(socket) == CloseCode.FORBIDDEN
    AddressRule.objects.filter(id=changing.id).update(network=LOOPBACK)
    with opened(address, ticket_issue(session=colleague.session).text) as again:
        assert ask(again, "ping")["status"] == "ok"


def test_a_role_that_needs_a_second_factor_closes_the_sockets_of_sessions_without_one(
    address: str, ticket: str, trader: User, required: None, measured: Measured
) -> None:
    """Whose functions do not change by it: nothing else would close them."""
    in_roles(trader, Role.READ_ONLY, Role.TRADER)
    with opened(address, ticket) as socket:
        assert ask(socket, "ping")["status"] == "ok"
        began = time.monotonic()
        in_roles(trader, Role.READ_ONLY, Role.TRADER, Role.ADMIN)
        assert close_code(socket) == CloseCode.FORBIDDEN
        closed_seconds = seconds_since(began)
    measured(30, "until a role that needs a second factor has closed a socket", f"{closed_seconds} s", "5 s")
    assert closed_seconds <= LIMIT_SECONDS * PATIENCE


# Whom does a look find? ----------------------------------------------------------------------------------------------


def standing(session: Session, at: str | None = HERE.ip_address) -> Standing:
    user = users_now([session.user_id])[session.user_id]
    return Standing(Session.objects.get(id=session.id), rights_of(user), at)


def code_after(known: Standing, deed: Callable[[], object]) -> CloseCode | None:
    deed()
    return fallen({"socket": known}).get("socket")


def test_only_the_sockets_from_elsewhere_fall(session: Session) -> None:
    known = {"here": standing(session), "away": standing(session, AWAY), "nowhere": standing(session, None)}
    rule(role=Role.TRADER.value, network="192.0.2.0/24")
    assert fallen(known) == {"away": CloseCode.FORBIDDEN, "nowhere": CloseCode.FORBIDDEN}


def test_his_own_rules_take_the_place_of_those_of_his_roles(session: Session, trader: User) -> None:
    known = standing(session)
    rule(role=Role.TRADER.value, network=OFFICE)
    assert code_after(known, lambda: rule(user=trader, network=HERE.ip_address)) is None


def test_rules_of_others_close_nothing(session: Session, make_user: Callable[[str], User]) -> None:
    known, other = standing(session), make_user("other")
    rule(role=Role.COMPLIANCE.value, network=OFFICE)
    assert code_after(known, lambda: rule(user=other, network=OFFICE)) is None


def test_who_has_proven_a_factor_stays_whatever_is_remembered_of_him(
    session: Session, trader: User, required: None
) -> None:
    in_roles(trader, Role.TRADER, Role.ADMIN)
    known = standing(session)
    assert code_after(known, lambda: None) is CloseCode.FORBIDDEN
    Session.objects.filter(id=session.id).update(mfa_at=timezone.now(), amr=Method.TOTP.value)
    assert code_after(known, lambda: None) is None


def test_a_session_that_is_over_is_none_of_its_business(session: Session) -> None:
    known = standing(session)
    assert code_after(known, lambda: session_end(session=session, client=HERE)) is None
