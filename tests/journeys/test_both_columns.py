"""Does a trader's day go alike with everything embedded and with channel layer, cache and broker in Redis?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection

from tests.redis_server import RedisServer
from tests.stack import Stack, wait_for

WAIT_SECONDS = 20.0
ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "3", "timeInForce": "day"}


@pytest.fixture(scope="module", params=["embedded", "redis"])
def column(
    request: pytest.FixtureRequest, make_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A whole system of either kind; one at a time."""
    environment: dict[str, str] = {}
    with ExitStack() as held:
        if request.param == "redis":
            server = RedisServer(tmp_path_factory.mktemp("redis"))
            held.callback(server.end)
            environment["TMW_REDIS_URL"] = server.start().url
        stack = make_stack(seed=1, environment=environment)
        yield stack
        stack.end()


@pytest.fixture
def trader(column: Stack) -> Iterator[httpx.Client]:
    with column.client("trader1") as client:
        yield client


def ask(socket: ClientConnection, method: str, **params: Any) -> Any:
    """The result of one request; pushes that come before it are skipped."""
    socket.send(json.dumps({"id": 1, "method": method, "params": params}))
    while (frame := json.loads(socket.recv(timeout=WAIT_SECONDS))).get("id") != 1:
        pass
    assert frame["status"] == "ok", frame
    return frame["result"]


def items(socket: ClientConnection, channel: str) -> Iterator[dict[str, Any]]:
    """What is pushed on one channel, snapshots and updates, one item after another."""
    while True:
        frame = json.loads(socket.recv(timeout=WAIT_SECONDS))
        if frame.get("channel") == channel:
            yield from frame["data"]


def shown(socket: ClientConnection, order_id: str, status: str) -> dict[str, Any]:
    """The first private item that shows this order in that status."""
    return next(
        item["data"]
        for item in items(socket, "orders")
        if (item["data"]["id"], item["data"]["status"]) == (order_id, status)
    )


def place(client: httpx.Client, client_order_id: str, **terms: str) -> dict[str, Any]:
    answer = client.post("/orders", json={"clientOrderId": client_order_id, **ORDER, **terms})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_every_part_is_ready_and_named(column: Stack) -> None:
    parts = httpx.get(f"{column.url}/readyz").json()["parts"]
    assert parts["channel layer"] == parts["order bridge"] == parts["market data"] == parts["database"] == "ok"


def test_the_exchange_listens_where_it_is_needed_and_nowhere_else(column: Stack) -> None:
    in_redis = "connected to Redis" in column.log
    assert ("layer_publish" in column.addresses) is not in_redis


def test_prices_move(column: Stack) -> None:
    with column.ws_sync("/ws/v1/market", "trader1") as socket:
        ask(socket, "subscribe", channel="quotes", symbols=["AAPL"])
        quotes = items(socket, "quotes")
        first = next(quotes)
        assert next(quote for quote in quotes if quote["bid"] != first["bid"])["seq"] > first["seq"]


def test_a_buy_fills_is_shown_and_makes_a_position(column: Stack, trader: httpx.Client) -> None:
    before = {row["symbol"]: row["quantity"] for row in trader.get("/positions").json()["items"]}
    with column.ws_sync("/ws/v1/trading", "trader1") as socket:
        ask(socket, "subscribe", channel="orders")
        order = place(trader, "journey-buy", orderType="market")
        assert shown(socket, order["id"], "filled")["filledQuantity"] == "3"
    after = {row["symbol"]: row["quantity"] for row in trader.get("/positions").json()["items"]}
    assert int(after["AAPL"]) == int(before.get("AAPL", "0")) + 3
    fills = trader.get("/executions").json()["items"]
    assert any(fill["orderId"] == order["id"] for fill in fills)


def test_a_resting_order_is_cancelled(column: Stack, trader: httpx.Client) -> None:
    with column.ws_sync("/ws/v1/trading", "trader1") as socket:
        ask(socket, "subscribe", channel="orders")
        order = place(trader, "journey-rest", orderType="limit", price="1.00")
        shown(socket, order["id"], "new")
        assert trader.delete(f"/orders/{order['id']}").status_code == 202
        shown(socket, order["id"], "canceled")


def test_the_private_stream_has_no_hole(column: Stack, trader: httpx.Client) -> None:
    order = place(trader, "journey-events", orderType="limit", price="1.00", timeInForce="ioc")
    path = f"/orders/{order['id']}"
    wait_for(lambda: trader.get(path).json()["status"] in ("canceled", "expired"), WAIT_SECONDS, "the order's end")
    numbers = [event["eventId"] for event in trader.get("/events", params={"since": 0, "limit": 1000}).json()["items"]]
    assert numbers == list(range(1, len(numbers) + 1))
