"""A whole stack on the C++ engine: orders live, market data flows, and a killed engine loses and doubles nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.faults.careful import Script, caught_up, compare, settled
from tests.stack import ROOT, Stack, wait_for

pytestmark = pytest.mark.timeout(600)  # whoever comes first compiles
ORDERS = 120


@pytest.fixture(scope="module")
def stack(reference_engine: Path, make_stack: Callable[..., Stack]) -> Stack:
    return make_stack(engine="cpp", seed=1)


def place(client: httpx.Client, name: str, **more: Any) -> dict[str, Any]:
    order = {"clientOrderId": name, "symbol": "AAPL", "side": "buy", "quantity": "5", "timeInForce": "day", **more}
    return dict(client.post("/orders", json=order).raise_for_status().json())


def order_with(stack: Stack, client: httpx.Client, placed: dict[str, Any], **fields: str) -> dict[str, Any]:
    """The order, once it shows these fields."""

    def look() -> dict[str, Any]:
        found = client.get(f"/orders/{placed['id']}").raise_for_status().json()
        return found if all(found[name] == value for name, value in fields.items()) else {}

    return wait_for(look, 30, f"{placed['clientOrderId']} with {fields}", stack.tail)


def test_an_order_rests_changes_and_ends(stack: Stack) -> None:
    with stack.client("trader1") as client:
        placed = place(client, "rests", orderType="limit", price="1.00")
        order_with(stack, client, placed, status="new")
        client.patch(f"/orders/{placed['id']}", json={"quantity": "3", "price": "1.01"}).raise_for_status()
        order_with(stack, client, placed, status="new", quantity="3", price="1.01")
        client.delete(f"/orders/{placed['id']}").raise_for_status()
        order_with(stack, client, placed, status="canceled")


def test_a_market_order_fills(stack: Stack) -> None:
    with stack.client("trader1") as client:
        order_with(stack, client, place(client, "takes", orderType="market"), status="filled", filledQuantity="5")


def test_quotes_and_the_book_reach_a_market_socket(stack: Stack) -> None:
    wait_for(lambda: both_channels_came(stack), 90, "snapshots and updates of both channels", stack.tail)


def both_channels_came(stack: Stack) -> bool:
    """On one socket; False where it was cut off: a client comes back then."""
    wanted = {(channel, kind) for channel in ("quotes", "book") for kind in ("snapshot", "update")}
    with contextlib.suppress(ConnectionClosed), stack.ws_sync("/ws/v1/market", "trader1") as socket:
        for channel in ("quotes", "book"):
            request = {"channel": channel, "symbols": ["AAPL"]}
            socket.send(json.dumps({"id": channel, "method": "subscribe", "params": request}))
        while wanted:
            push = json.loads(socket.recv(timeout=30))
            wanted.discard((push.get("channel"), push.get("type")))
    return not wanted


def test_an_engine_killed_amid_orders_loses_and_doubles_none(stack: Stack) -> None:
    script = Script(stack, "killed", seed=3, count=ORDERS)
    asyncio.run(script.run(lambda: stack.kill("engine"), ORDERS // 3))
    stack.wait_ready()
    hold_to_the_journal(script)
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "orders", "verify", "--json"],
        env={**os.environ, "TMW_DATA_DIR": str(stack.data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def hold_to_the_journal(script: Script) -> None:
    """Every accepted order stands here as the engine's own journal has it, and is there once."""
    stack = script.stack
    with stack.client("trader1") as client:
        orders = wait_for(lambda: settled(client, script), 90, "every order settled", stack.tail)
    assert set(orders) == script.accepted
    reports = wait_for(lambda: caught_up(script, orders), 30, "the journal and the orders agree", stack.tail)
    assert len(reports) > ORDERS // 2
    for name, order in orders.items():
        if name in reports:
            compare(order, reports[name])
        else:
            assert (order["status"], order["reason"]) == ("denied", "NOT_SENT"), order


def test_what_this_engine_does_not_have_is_refused_with_its_name(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", "--engine", "cpp", "--replay", "x.csv", "--port", "0"],
        env={**os.environ, "TMW_DATA_DIR": str(stack.data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "--replay" in done.stderr
