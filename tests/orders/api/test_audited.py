"""Does each order over REST and socket leave an audit row with its session and request? Against a whole stack."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from contextlib import closing
from typing import Any, NamedTuple

import httpx

from tests.orders.screen import Screen
from tests.stack import Stack, wait_for

SECONDS = 30.0
COLUMNS = "action, session_id, request_id, before, after"


class Row(NamedTuple):
    session: str
    request: str
    before: dict[str, str]
    after: dict[str, str]


def body(**changes: Any) -> dict[str, Any]:
    """A limit order far below the market, with an id of its own."""
    plain = {"symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "10", "price": "1.00"}
    return {"clientOrderId": uuid.uuid4().hex, **plain, **changes}


def audited(stack: Stack, order_id: str) -> dict[str, Row]:
    """What was audited of the order, by action."""
    query = f"SELECT {COLUMNS} FROM accounts_auditlog WHERE resource_id = ?"
    with closing(sqlite3.connect(stack.data_dir / "tradingmw.sqlite3", timeout=10)) as database:
        found = database.execute(query, [order_id]).fetchall()
    return {
        action: Row(session, request, json.loads(was), json.loads(now)) for action, session, request, was, now in found
    }


def session_of(client: httpx.Client) -> str:
    (current,) = [each for each in client.get("/auth/sessions").json()["items"] if each["current"]]
    return uuid.UUID(current["id"]).hex


def named(request_id: str) -> dict[str, str]:
    return {"X-Request-ID": request_id}


def test_over_rest_every_write_is_told_with_its_session_and_request(stack: Stack) -> None:
    with stack.client("trader1") as client:
        session = session_of(client)
        placed = client.post("/orders", json=body(), headers=named("place-1")).json()
        wait_for(lambda: client.get(f"/orders/{placed['id']}").json()["status"] == "new", SECONDS, "the engine's word")
        client.patch(f"/orders/{placed['id']}", json={"quantity": "20"}, headers=named("replace-1")).raise_for_status()
        wait_for(lambda: client.get(f"/orders/{placed['id']}").json()["quantity"] == "20", SECONDS, "the new quantity")
        client.delete(f"/orders/{placed['id']}", headers=named("cancel-1")).raise_for_status()
    rows = audited(stack, placed["id"])
    assert rows["order.place"] == Row(session, "place-1", {}, {"status": "pending_new", "quantity": "10", "price": "1"})
    assert rows["order.replace"] == Row(
        session, "replace-1", {"status": "new", "quantity": "10"}, {"status": "pending_replace", "quantity": "20"}
    )
    assert rows["order.cancel"] == Row(session, "cancel-1", {"status": "new"}, {"status": "pending_cancel"})


def test_all_at_once_and_all_of_a_desk_are_told_of_each_order(stack: Stack) -> None:
    with stack.client("trader1") as client, stack.client("desk1") as head:
        mine = client.post("/orders", json=body(), headers={"Prefer": "wait=10"}).json()
        client.delete("/orders", headers=named("all-1")).raise_for_status()
        desks = client.post("/orders", json=body(), headers={"Prefer": "wait=10"}).json()
        head.delete("/orders?desk=alpha", headers=named("desk-1")).raise_for_status()
        sessions = session_of(client), session_of(head)
    told = [audited(stack, order["id"])["order.cancel"] for order in (mine, desks)]
    assert [(row.session, row.request) for row in told] == [(sessions[0], "all-1"), (sessions[1], "desk-1")]


async def test_over_a_socket_they_are_told_too(stack: Stack) -> None:
    session = await asyncio.to_thread(session_of, stack.client("trader1"))
    async with stack.ws("/ws/v1/trading", "trader1") as connection:
        screen = Screen(connection, False)
        order = await screen.result("order.place", **body())
        await screen.result("order.cancel", id=order["id"])
    rows = await asyncio.to_thread(audited, stack, order["id"])
    assert [rows[action].session for action in ("order.place", "order.cancel")] == [session, session]
    assert all(row.request for row in rows.values())
