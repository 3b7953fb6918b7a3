"""What does the gate of a running stack say, over REST and over the socket, under the limits of the demo?

They are ten per cent beyond the market at most, a warning above a million and nothing above ten.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.orders.screen import Screen
from tests.stack import Stack, wait_for

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "errors", "requestId"}


@pytest.fixture(scope="module")
def rest(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader1") as client:
        wait_for(lambda: preview(client).get("outlook") == "accepted", 30, "prices at the gate")
        yield client


def body(**changes: Any) -> dict[str, Any]:
    """Far below the market; worth 10."""
    plain = {"symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "10", "price": "1.00"}
    return {"clientOrderId": uuid.uuid4().hex, **plain, **changes}


def preview(rest: httpx.Client, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = rest.post("/orders/preview", json=body(**changes)).json()
    return found


def too_dear(rest: httpx.Client) -> str:
    """A fifth above the market."""
    (quote,) = rest.get("/quotes", params={"symbols": "AAPL"}).json()["items"]
    return str((Decimal(quote["ask"]) * Decimal("1.2")).quantize(Decimal("0.01")))


def test_a_denied_order_is_told_with_its_rules_and_stored(rest: httpx.Client) -> None:
    order = body(price=too_dear(rest))
    answer = rest.post("/orders", json=order)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "RISK_LIMIT"), problem
    assert answer.headers["Content-Type"] == "application/problem+json" and problem.keys() >= MEMBERS
    (rule,) = problem["rules"]
    assert {"rule", "value", "limit", "headroom", "hard"} <= rule.keys()
    assert (rule["rule"], rule["limit"], rule["hard"], rule["headroom"][0]) == ("price_collar", "10", True, "-")
    stored = rest.get(f"/orders/by-client-id/{order['clientOrderId']}").json()
    assert stored == problem["order"] and (stored["status"], stored["reason"]) == ("denied", "RISK_LIMIT")
    assert problem["lastEventId"] == int(answer.headers["X-Last-Event-Id"]) > 0
    (event,) = rest.get(f"/orders/{stored['id']}/history").json()["items"]
    assert (event["kind"], event["statusDetails"]["rules"]) == ("order_denied", problem["rules"])
    again = rest.post("/orders", json=order)
    assert (again.status_code, again.json()["status"]) == (200, "denied")


def test_a_warning_stores_nothing_and_its_token_lets_the_same_order_through(rest: httpx.Client) -> None:
    order = body(quantity="20000", price="100.00")
    answer = rest.post("/orders", json=order)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "CONFIRMATION_REQUIRED"), problem
    assert [(rule["rule"], rule["value"], rule["hard"]) for rule in problem["rules"]] == [
        ("max_order_notional", "2000000", False)
    ]
    assert rest.get(f"/orders/by-client-id/{order['clientOrderId']}").status_code == 404
    token = problem["confirmationToken"]
    other = rest.post("/orders", json={**order, "quantity": "20001", "confirmationToken": token})
    assert (other.status_code, other.json()["code"]) == (422, "CONFIRMATION_INVALID")
    meant = rest.post("/orders", json={**order, "confirmationToken": token})
    assert meant.status_code == 201, meant.text
    assert rest.post("/orders", json=order).status_code == 200
    change = {"quantity": "30000"}
    warned = rest.patch(f"/orders/{meant.json()['id']}", json=change)
    assert (warned.status_code, warned.json()["code"]) == (422, "CONFIRMATION_REQUIRED")
    changed = rest.patch(
        f"/orders/{meant.json()['id']}", json={**change, "confirmationToken": warned.json()["confirmationToken"]}
    )
    assert changed.status_code == 202, changed.text


def test_a_preview_tells_every_rule_and_stores_nothing(rest: httpx.Client) -> None:
    before = rest.get("/orders").json()["items"]
    answer = preview(rest)
    assert (answer["outlook"], answer["code"]) == ("accepted", None)
    rules = {rule["rule"]: rule for rule in answer["rules"]}
    assert rules["trading_state"]["value"] == "active" and rules["max_order_quantity"]["headroom"] == "99990"
    assert all(rule["passed"] for rule in answer["rules"])
    assert preview(rest, quantity="20000", price="100.00")["outlook"] == "confirmation_required"
    assert preview(rest, price=too_dear(rest))["code"] == "RISK_LIMIT"
    bad = rest.post("/orders/preview", json=body(price="1.001"))
    assert (bad.status_code, bad.json()["code"]) == (422, "OFF_TICK")
    assert rest.get("/orders").json()["items"] == before


def test_the_socket_says_what_rest_says(stack: Stack, rest: httpx.Client) -> None:
    dear = too_dear(rest)

    async def asked() -> None:
        async with stack.ws("/ws/v1/trading", "trader1", "tmw.json.v1") as connection:
            screen = Screen(connection, binary=False)
            denied = (await screen.ask("order.place", **body(price=dear)))["error"]
            assert (denied["code"], denied["order"]["status"]) == ("RISK_LIMIT", "denied")
            assert denied["rules"][0]["rule"] == "price_collar" and denied["message"]
            order = body(quantity="20000", price="100.00")
            warned = (await screen.ask("order.place", **order))["error"]
            assert warned["code"] == "CONFIRMATION_REQUIRED"
            meant = await screen.ask("order.place", **order, confirmationToken=warned["confirmationToken"])
            assert meant["status"] == "ok", meant

    asyncio.run(asked())
