"""Do users come only from where staff says, at every door?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from accounts.addresses import places_of
from accounts.logins import user_login
from accounts.models import AddressRule, AuditLog, Role, User
from accounts.services import TokenPair, session_begin, session_refresh, ticket_issue, ticket_redeem
from accounts.tokens import access_token_check
from tests.accounts.conftest import HERE, PASSWORD, nothing_is_remembered
from tests.roles import in_roles
from tradingmw.errors import Code, Forbidden

pytestmark = pytest.mark.django_db
OFFICE, AWAY = "10.1.2.3", "203.0.113.9"


def rule(network: str, *, role: Role | str = "", user: User | None = None) -> AddressRule:
    made = AddressRule(role=role, user=user, network=network)
    made.full_clean()
    made.save()
    nothing_is_remembered()
    return made


def lets_in(user: User, address: str | None) -> bool:
    return places_of(user).hold(address)


def test_whom_no_rule_names_comes_from_anywhere(trader: User) -> None:
    rule("10.0.0.0/8", role=Role.COMPLIANCE)
    assert lets_in(trader, AWAY)
    assert lets_in(trader, None)


@pytest.mark.parametrize(
    ("network", "address", "expected"),
    [
        ("10.0.0.0/8", OFFICE, True),
        ("10.0.0.0/8", f"::ffff:{OFFICE}", True),
        ("10.0.0.0/8", AWAY, False),
        ("10.0.0.0/8", "", False),
        ("10.0.0.0/8", None, False),
        ("10.0.0.0/8", "::1", False),
        ("10.1.2.3", OFFICE, True),
        ("10.1.2.3/8", "10.200.0.1", True),
        ("2001:db8::/32", "2001:db8:1::9", True),
        ("2001:db8::/32", "2001:db9::9", False),
        ("0.0.0.0/0", AWAY, True),
        ("0.0.0.0/0", "2001:db8::1", False),
    ],
)
def test_a_rule_of_his_role_decides(trader: User, network: str, address: str | None, expected: bool) -> None:
    rule(network, role=Role.TRADER)
    assert lets_in(trader, address) is expected


def test_of_two_networks_of_a_role_one_is_enough(trader: User) -> None:
    rule("192.0.2.0/24", role=Role.TRADER)
    rule("10.0.0.0/8", role=Role.TRADER)
    assert lets_in(trader, OFFICE)


def test_of_two_roles_with_rules_each_must_let_him_in(trader: User) -> None:
    in_roles(trader, Role.TRADER, Role.ADMIN)
    rule("10.0.0.0/8", role=Role.TRADER)
    rule("10.1.0.0/16", role=Role.ADMIN)
    assert lets_in(trader, OFFICE)
    assert not lets_in(trader, "10.2.0.1")


def test_his_own_rules_take_the_place_of_those_of_his_roles(trader: User) -> None:
    rule("10.0.0.0/8", role=Role.TRADER)
    rule(AWAY, user=trader)
    assert lets_in(trader, AWAY)
    assert not lets_in(trader, OFFICE)


@pytest.mark.parametrize("network", ["", "10.0.0.0/33", "10.0.0", "office", "10.0.0.0/8, 192.0.2.0/24", "010.0.0.1"])
def test_what_is_no_network_is_no_rule(network: str) -> None:
    with pytest.raises(ValidationError):
        rule(network, role=Role.TRADER)


def test_a_rule_names_a_role_or_a_user(trader: User) -> None:
    for role, user in (("", None), (Role.TRADER, trader)):
        with pytest.raises(IntegrityError), transaction.atomic():
            AddressRule.objects.create(role=role, user=user, network="10.0.0.0/8")


def refused(call: Callable[[], Any]) -> bool:
    with pytest.raises(Forbidden) as caught:
        call()
    return caught.value.code is Code.ADDRESS_NOT_ALLOWED


def test_he_neither_logs_in_nor_goes_on_from_elsewhere(login: TokenPair) -> None:
    rule("10.0.0.0/8", role=Role.TRADER)
    ticket = ticket_issue(session=login.session)
    assert refused(lambda: user_login(username="trader", password=PASSWORD, client=HERE))
    assert refused(lambda: session_begin(user=login.session.user, client=HERE))
    assert refused(lambda: session_refresh(refresh_token=login.refresh_token, client=HERE))
    assert refused(lambda: access_token_check(login.access_token, AWAY))
    assert refused(lambda: ticket_redeem(ticket.text, AWAY))
    assert access_token_check(login.access_token, OFFICE) == login.session
    assert {row.details["to"] for row in AuditLog.objects.filter(action="auth.address_refused")} == {
        "log in",
        "begin a session",
        "refresh",
    }


def test_an_answer_from_memory_asks_for_the_address_too(login: TokenPair) -> None:
    rule("10.0.0.0/8", role=Role.TRADER)
    access_token_check(login.access_token, OFFICE)
    assert refused(lambda: access_token_check(login.access_token, AWAY))


@pytest.mark.parametrize("forged", [OFFICE, f"{OFFICE}, {OFFICE}"])
def test_a_forged_header_opens_no_request(login: TokenPair, forged: str) -> None:
    rule("10.0.0.0/8", role=Role.TRADER)
    headers = {"Authorization": f"Bearer {login.access_token}", "X-Forwarded-For": forged, "X-Real-IP": OFFICE}
    client = Browser(SERVER_NAME="localhost")
    answer = client.get("/api/v1/auth/me", headers=headers, REMOTE_ADDR=AWAY)
    assert (answer.status_code, answer.json()["code"]) == (403, "ADDRESS_NOT_ALLOWED")
    assert client.get("/api/v1/auth/me", headers=headers, REMOTE_ADDR=OFFICE).status_code == 200
