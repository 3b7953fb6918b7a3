"""What of a desk's flow does its head see over REST, what does compliance see, and what does nobody else?"""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Desk, User
from accounts.policy import Role
from orders.models import Order
from tests.orders.holdings import execution_of, history_of, order_of, position_of, trader
from tests.roles import in_roles

pytestmark = pytest.mark.django_db
API = "/api/v1"


def on_desk(user: User, desk: Desk) -> User:
    user.desk = desk
    assert user.account is not None
    user.account.desk = desk
    user.account.save()
    user.save()
    return user


@pytest.fixture
def alpha() -> Desk:
    return Desk.objects.create(name="alpha")


@pytest.fixture
def ann(alpha: Desk) -> User:
    return on_desk(trader("ann"), alpha)


@pytest.fixture
def order(ann: User, alpha: Desk) -> Order:
    """Ann's, with a fill and a position."""
    made = order_of(ann, "c1", desk=alpha)
    history_of(made, "accepted")
    execution_of(made)
    position_of(ann, "AAPL")
    return made


@pytest.fixture
def head(alpha: Desk) -> User:
    return in_roles(on_desk(trader("head"), alpha), Role.DESK_HEAD)


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def owners(user: User, path: str, **query: Any) -> list[str]:
    answer = client_of(user).get(f"{API}{path}", query)
    assert answer.status_code == 200, answer.content
    return [item["account"] for item in answer.json()["items"]]


@pytest.mark.parametrize("path", ["/orders", "/executions", "/positions"])
def test_the_head_sees_the_desks_and_may_narrow_it_to_his_own(head: User, order: Order, path: str) -> None:
    assert owners(head, path) == owners(head, path, scope="desk") == ["ann"]
    assert owners(head, path, scope="own") == []


def test_the_head_reads_one_order_of_the_desk_and_what_happened_to_it(head: User, order: Order) -> None:
    client = client_of(head)
    assert client.get(f"{API}/orders/{order.id}").json()["clientOrderId"] == "c1"
    assert [each["kind"] for each in client.get(f"{API}/orders/{order.id}/history").json()["items"]] == ["accepted"]


def test_the_head_of_another_desk_sees_nothing_of_it(order: Order) -> None:
    other = in_roles(on_desk(trader("other"), Desk.objects.create(name="beta")), Role.DESK_HEAD)
    assert owners(other, "/orders") == []
    assert client_of(other).get(f"{API}/orders/{order.id}").status_code == 404


def test_a_trader_of_the_desk_sees_only_his_own(order: Order, alpha: Desk) -> None:
    colleague = on_desk(trader("colleague"), alpha)
    assert owners(colleague, "/orders") == []
    assert client_of(colleague).get(f"{API}/orders/{order.id}").status_code == 404
    assert client_of(colleague).get(f"{API}/orders", {"scope": "desk"}).status_code == 403


def test_compliance_sees_all_and_places_nothing(order: Order) -> None:
    compliance = in_roles(trader("eve"), Role.COMPLIANCE)
    assert owners(compliance, "/orders") == owners(compliance, "/positions", scope="all") == ["ann"]
    answer = client_of(compliance).post(f"{API}/orders", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_the_pages_of_a_desks_positions_together_are_all_of_them(head: User, ann: User, alpha: Desk) -> None:
    bob = on_desk(trader("bob"), alpha)
    for user in (ann, bob):
        position_of(user, "AAPL"), position_of(user, "IBM")
    seen, token = [], ""
    while token is not None:
        page = client_of(head).get(f"{API}/positions", {"limit": 1, **({"pageToken": token} if token else {})}).json()
        seen += [(item["symbol"], item["account"]) for item in page["items"]]
        token = page["nextPageToken"]
    assert sorted(seen) == [(symbol, name) for symbol in ("AAPL", "IBM") for name in ("ann", "bob")]
