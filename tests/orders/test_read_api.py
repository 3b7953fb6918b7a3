"""The reading half of the orders API: own rows only, in the contract's shapes."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework import serializers
from rest_framework.test import APIClient

from accounts.models import User
from orders.api.serializers import ExecutionSerializer, OrderHistorySerializer, OrderSerializer, PositionSerializer
from tests.orders.holdings import execution_of, history_of, order_of, position_of, trader

pytestmark = pytest.mark.django_db
API = "/api/v1"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def ann() -> User:
    return trader("ann")


@pytest.fixture
def client(ann: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(ann)
    return client


def get(client: APIClient, path: str, **query: Any) -> Any:
    answer = client.get(f"{API}{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    "path", ["/orders", f"/orders/{UUID(int=1)}", "/orders/by-client-id/a", "/executions", "/positions"]
)
def test_who_is_not_logged_in_sees_nothing(path: str) -> None:
    assert APIClient().get(f"{API}{path}").status_code == 401


def test_an_order_is_told_in_decimal_strings_and_utc_times(client: APIClient, ann: User) -> None:
    order = order_of(ann, "c1")
    assert get(client, f"/orders/{order.id}") == {
        "id": str(order.id),
        "clientOrderId": "c1",
        "account": "ann",
        "symbol": "AAPL",
        "exchange": "XNAS",
        "side": "buy",
        "orderType": "limit",
        "timeInForce": "day",
        "quantity": "100",
        "price": "150.25",
        "stopPrice": None,
        "expiresAt": None,
        "status": "new",
        "reason": None,
        "filledQuantity": "0",
        "averagePrice": None,
        "externalOrderId": None,
        "groupId": None,
        "leg": None,
        "createdAt": "2026-11-22T10:00:00.000005Z",
        "updatedAt": "2026-11-22T10:00:00.000005Z",
    }


@pytest.mark.parametrize("order_id", ["by-client-id/c1", None])
def test_an_order_is_found_by_either_id(client: APIClient, ann: User, order_id: str | None) -> None:
    order = order_of(ann, "c1")
    assert get(client, f"/orders/{order_id or order.id}")["id"] == str(order.id)


def test_foreign_and_unknown_orders_are_404_alike(client: APIClient) -> None:
    foreign = order_of(trader("bob"), "c1")
    paths = [f"/orders/{foreign.id}", f"/orders/{foreign.id}/history", "/orders/by-client-id/c1", f"/orders/{uuid4()}"]
    for path in paths:
        answer = client.get(f"{API}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_an_id_that_is_none_is_404_as_a_problem(client: APIClient) -> None:
    answer = client.get(f"{API}/orders/not-a-uuid")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_lists_hold_the_callers_own_rows_only(client: APIClient) -> None:
    bob = trader("bob")
    execution_of(order_of(bob, "c1"))
    position_of(bob, "AAPL")
    for path in ("/orders", "/executions", "/positions"):
        assert get(client, path) == {"items": [], "nextPageToken": None}


def test_pages_of_orders_put_together_are_all_orders_newest_first(client: APIClient, ann: User) -> None:
    for minute in range(5):
        order_of(ann, f"c{minute}", minute=minute)
    assert collected(client, "/orders", "clientOrderId") == ["c4", "c3", "c2", "c1", "c0"]


def test_pages_of_executions_put_together_are_all_executions_newest_first(client: APIClient, ann: User) -> None:
    order = order_of(ann, "c1")
    made = [str(execution_of(order, minute=minute).id) for minute in range(5)]
    assert collected(client, "/executions", "id") == made[::-1]


def test_pages_of_a_history_put_together_are_the_history_oldest_first(client: APIClient, ann: User) -> None:
    history_of(order := order_of(ann, "c1"), "order_accepted", "order_acknowledged", "order_canceled")
    assert collected(client, f"/orders/{order.id}/history", "kind") == [
        "order_accepted",
        "order_acknowledged",
        "order_canceled",
    ]


def test_pages_of_positions_put_together_are_all_positions(client: APIClient, ann: User) -> None:
    for symbol in ("MSFT", "AAPL", "IBM"):
        position_of(ann, symbol)
    assert collected(client, "/positions", "symbol") == ["AAPL", "IBM", "MSFT"]


def collected(client: APIClient, path: str, field: str) -> list[str]:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = get(client, path, **query)
        assert len(page["items"]) <= 2
        seen += [item[field] for item in page["items"]]
        if page["nextPageToken"] is None:
            return seen
        query["pageToken"] = page["nextPageToken"]


def test_an_order_placed_while_pages_are_read_moves_nothing(client: APIClient, ann: User) -> None:
    for minute in range(4):
        order_of(ann, f"c{minute}", minute=minute)
    first = get(client, "/orders", limit=2)
    order_of(ann, "late", minute=9)
    second = get(client, "/orders", limit=2, pageToken=first["nextPageToken"])
    assert [item["clientOrderId"] for item in second["items"]] == ["c1", "c0"]


def test_lists_are_narrowed_by_status_symbols_and_period(client: APIClient, ann: User) -> None:
    order_of(ann, "c0")
    order_of(ann, "c1", minute=1, status="filled")
    order_of(ann, "c2", minute=2, symbol="IBM")
    late = {"after": "2026-11-22T10:00:30Z"}
    assert named(get(client, "/orders", status="open", symbols="AAPL,MSFT")) == ["c0"]
    assert named(get(client, "/orders", status="closed")) == ["c1"]
    assert named(get(client, "/orders", **late, until="2026-11-22T11:01:30+01:00")) == ["c1"]
    assert named(get(client, "/orders", **late)) == ["c2", "c1"]


def named(page: Any) -> list[str]:
    return [item["clientOrderId"] for item in page["items"]]


BAD = [
    ("/orders", "limit", "0"),
    ("/orders", "limit", "many"),
    ("/orders", "limit", "1001"),
    ("/orders", "status", "alive"),
    ("/orders", "symbols", "AAPL,,IBM"),
    ("/orders", "symbols", ",".join(f"S{number}" for number in range(201))),
    ("/orders", "after", "yesterday"),
    ("/orders", "until", "2026-11-22T10:00:00"),
    ("/orders", "pageToken", "5"),
    ("/orders", "pageToken", "99999999999999999.zz"),
    ("/executions", "pageToken", "x" * 300),
    ("/executions", "limit", "-1"),
    ("/positions", "pageToken", "a b"),
    ("/positions", "limit", "1.5"),
]


@pytest.mark.parametrize(("path", "name", "value"), BAD)
def test_a_bad_parameter_is_named(client: APIClient, path: str, name: str, value: str) -> None:
    answer = client.get(f"{API}{path}", {name: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert [error["attr"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("token", ["x", "-1", "99999999999"])
def test_a_bad_page_token_of_a_history_is_named(client: APIClient, ann: User, token: str) -> None:
    answer = client.get(f"{API}/orders/{order_of(ann, 'c1').id}/history", {"pageToken": token})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, "pageToken")


def test_every_field_that_is_answered_is_documented_and_the_other_way_round(client: APIClient, ann: User) -> None:
    execution_of(order := order_of(ann, "c1"))
    history_of(order, "order_accepted")
    position_of(ann, "AAPL")
    documented: dict[str, type[serializers.Serializer[Any]]] = {
        "/orders": OrderSerializer,
        f"/orders/{order.id}/history": OrderHistorySerializer,
        "/executions": ExecutionSerializer,
        "/positions": PositionSerializer,
    }
    for path, serializer in documented.items():
        (item,) = get(client, path)["items"]
        assert list(item) == list(serializer().fields)
        checked = serializer(data=item)
        assert checked.is_valid(), checked.errors
        times = [text for name, text in item.items() if (name.endswith("At") or name == "timestamp") and text]
        assert all(TIME.fullmatch(text) for text in times)
