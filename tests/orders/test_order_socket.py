"""Orders over the trading socket of a whole stack: the same answers as over REST, and nothing waits for anything."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection

from accounts.sockets.in_flight import IN_FLIGHT_MAX
from tests.orders.screen import PATIENCE_SECONDS, Screen
from tests.stack import Stack

pytestmark = pytest.mark.timeout(120)
BURST = 10_000
MARKERS = {"type", "title", "status", "detail", "instance", "requestId"}


def body(**changes: Any) -> dict[str, Any]:
    """A limit order far below the market, with an id of its own."""
    plain = {"symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "10", "price": "1.00"}
    return {"clientOrderId": uuid.uuid4().hex, **plain, **changes}


@contextlib.asynccontextmanager
async def trading(stack: Stack, username: str = "trader1", *, binary: bool = False) -> AsyncIterator[Screen]:
    async with stack.ws("/ws/v1/trading", username, f"tmw.{'msgpack' if binary else 'json'}.v1") as connection:
        yield Screen(connection, binary)


@pytest.fixture
def rest(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader1") as client:
        yield client


async def status_of(screen: Screen, order_id: str, status: str) -> None:
    """Until the private stream has told that the order has this status."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        told: set[tuple[str, str]] = set()
        while (order_id, status) not in told:
            told.update((item["data"]["id"], item["data"]["status"]) for item in await screen.push("orders"))


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_an_order_is_placed_shown_on_the_stream_and_cancelled(stack: Stack, binary: bool) -> None:
    async with trading(stack, binary=binary) as screen:
        await screen.result("subscribe", channel="orders", snapshot=False)
        order = await screen.result("order.place", **body())
        assert (order["symbol"], order["price"], order["timeInForce"]) == ("AAPL", "1", "day")
        await status_of(screen, order["id"], "new")
        canceled = await screen.result("order.cancel", id=order["id"])
        assert canceled["status"] == "pending_cancel" and canceled["lastEventId"] > order["lastEventId"]
        await status_of(screen, order["id"], "canceled")
        assert await screen.error("order.cancel", id=order["id"]) == "ORDER_FINAL"


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_an_order_is_changed_and_the_stream_tells_its_new_terms(stack: Stack, binary: bool) -> None:
    async with trading(stack, binary=binary) as screen:
        await screen.result("subscribe", channel="orders", snapshot=False)
        order = await screen.result("order.place", **body())
        changed = await screen.result("order.replace", id=order["id"], quantity="20", price="2.00")
        assert (changed["status"], changed["clientOrderId"]) == ("pending_replace", order["clientOrderId"])
        item = await told(screen, order["id"], "order_replaced")
        assert (item["data"]["status"], item["data"]["quantity"], item["data"]["price"]) == ("new", "20", "2")
        await screen.result("order.cancel", id=order["id"])
        await status_of(screen, order["id"], "canceled")
        assert await screen.error("order.replace", id=order["id"], price="3") == "ORDER_FINAL"


async def told(screen: Screen, order_id: str, kind: str) -> dict[str, Any]:
    """The item of the private stream that says so of the order."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for item in await screen.push("orders"):
                if (item["data"]["id"], item["kind"]) == (order_id, kind):
                    return dict(item)


async def test_a_repeat_on_either_side_is_the_same_order(stack: Stack, rest: httpx.Client) -> None:
    order = body()
    async with trading(stack) as screen:
        first = await screen.result("order.place", **order)
        again = await screen.result("order.place", **{**order, "price": "1.0", "timeInForce": "day"})
        assert await screen.error("order.place", **{**order, "quantity": "11"}) == "CLIENT_ORDER_ID_REUSED"
    over_rest = await asyncio.to_thread(rest.post, "/orders", json=order)
    assert (over_rest.status_code, {first["id"], again["id"], over_rest.json()["id"]}) == (200, {first["id"]})
    assert over_rest.json().keys() == first.keys()


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "NOPE"},
        {"symbol": 5},
        {"price": "1.005"},
        {"price": None},
        {"price": "1e2"},
        {"price": 1.5},
        {"quantity": "0"},
        {"quantity": "0.5"},
        {"quantity": "many", "side": "both", "stopprice": "1"},
        {"clientOrderId": "a b"},
        {"orderType": "market"},
        {"expiresAt": "2026-11-22T10:00:00"},
    ],
    ids=str,
)
async def test_a_refusal_says_what_rest_says(stack: Stack, rest: httpx.Client, change: dict[str, Any]) -> None:
    order = body(**change)
    problem = (await asyncio.to_thread(rest.post, "/orders", json=order)).json()
    async with trading(stack) as screen:
        error = (await screen.ask("order.place", **order))["error"]
    assert error.pop("message") == problem["detail"]
    assert error == {name: value for name, value in problem.items() if name not in MARKERS}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("order.cancel", {"id": str(uuid.uuid4())}, "NOT_FOUND"),
        ("order.cancel", {"id": "7"}, "INVALID_PARAMS"),
        ("order.cancel", {}, "INVALID_PARAMS"),
        ("order.place", {}, "VALIDATION_FAILED"),
        ("order.replace", {"id": str(uuid.uuid4()), "price": "1"}, "NOT_FOUND"),
        ("order.replace", {"price": "1"}, "VALIDATION_FAILED"),
        ("order.replace", {"id": str(uuid.uuid4()), "prize": "1"}, "VALIDATION_FAILED"),
        ("order.cancelAll", {"symbol": "AAPL"}, "VALIDATION_FAILED"),
        ("order.cancelAll", {"symbols": "AAPL"}, "VALIDATION_FAILED"),
    ],
)
async def test_what_cannot_be_done_is_named(stack: Stack, method: str, params: dict[str, Any], code: str) -> None:
    async with trading(stack) as screen:
        assert await screen.error(method, **params) == code


async def test_a_fault_of_the_params_names_its_place(stack: Stack) -> None:
    async with trading(stack) as screen:
        assert "$.id" in (await screen.ask("order.cancel", id=7))["error"]["message"]
        assert "$.channel" in (await screen.ask("subscribe", channel=7))["error"]["message"]


async def test_who_may_not_trade_is_refused_and_foreign_orders_are_not_there(stack: Stack) -> None:
    async with trading(stack) as screen, trading(stack, "trader2") as other, trading(stack, "compliance1") as viewer:
        order = await screen.result("order.place", **body())
        assert await other.error("order.cancel", id=order["id"]) == "NOT_FOUND"
        assert await viewer.error("order.place", **body()) == "FORBIDDEN"


async def test_cancel_all_ends_every_open_order_or_those_of_some_symbols(stack: Stack) -> None:
    async with trading(stack, "trader2") as screen:
        aapl = await screen.result("order.place", **body())
        msft = await screen.result("order.place", **body(symbol="MSFT"))
        some = await screen.result("order.cancelAll", symbols=["MSFT"])
        assert [(item["id"], item["status"]) for item in some["items"]] == [(msft["id"], "pending_cancel")]
        rest = await screen.result("order.cancelAll")
        assert aapl["id"] in [item["id"] for item in rest["items"]]


async def test_the_head_of_a_desk_cancels_all_its_orders(stack: Stack) -> None:
    async with trading(stack, "trader2") as member, trading(stack, "desk1") as head:
        order = await member.result("order.place", **body())
        assert await member.error("order.cancelAll", desk="alpha") == "FORBIDDEN"
        assert await head.error("order.cancelAll", desk="beta") == "NOT_FOUND"
        items = (await head.result("order.cancelAll", desk="alpha", symbols=["AAPL"]))["items"]
        assert order["id"] in [item["id"] for item in items]


async def test_a_newer_token_goes_on_in_place(stack: Stack) -> None:
    async with trading(stack) as screen:
        await screen.result("subscribe", channel="orders", snapshot=False)
        who = await screen.result("auth", accessToken=stack.token("trader1"))
        assert who["username"] == "trader1"
        order = await screen.result("order.place", **body())
        await status_of(screen, order["id"], "new")


FIRST_ID = 1_000_000


async def test_a_waiting_order_holds_up_nothing_and_so_many_may_wait(stack: Stack) -> None:
    async with stack.ws("/ws/v1/trading", "trader1") as connection:
        screen = Screen(connection, False)
        await screen.result("order.place", **body())
        with stack.frozen("orders"):
            await ask_all(connection, [("order.place", body()) for _ in range(IN_FLIGHT_MAX + 20)])
            await screen.result("ping")
            await screen.push("heartbeat")
            early = asked_answers(screen)
            assert {answer["error"]["code"] for answer in early.values()} == {"TOO_MANY_REQUESTS_IN_FLIGHT"}
            assert list(early) == list(range(IN_FLIGHT_MAX, IN_FLIGHT_MAX + 20))
        answers = await answers_to(screen, IN_FLIGHT_MAX + 20)
        outcomes = {answers[place].get("error", {}).get("code", "ok") for place in range(IN_FLIGHT_MAX)}
        assert outcomes <= {"ok", "OUTCOME_UNKNOWN"}  # a slow machine thaws the bridge too late


async def answers_to(screen: Screen, count: int) -> dict[int, Any]:
    while len(found := asked_answers(screen)) < count:
        await screen.receive()
    return found


def asked_answers(screen: Screen) -> dict[int, Any]:
    """The answers to what `ask_all` asked, by the place of the request."""
    answers = [frame for frame in screen.frames if frame.get("id", 0) >= FIRST_ID]
    return {answer["id"] - FIRST_ID: answer for answer in answers}


async def ask_all(connection: ClientConnection, requests: list[tuple[str, dict[str, Any]]]) -> None:
    for number, (method, params) in enumerate(requests, FIRST_ID):
        await connection.send(msgspec.json.encode({"id": number, "method": method, "params": params}), text=True)


async def test_orders_of_one_socket_reach_the_bridge_in_their_order(stack: Stack) -> None:
    """The same clientOrderId with growing quantities: the first one is the order, all others are refused."""
    async with stack.ws("/ws/v1/trading", "trader1") as connection:
        screen = Screen(connection, False)
        order = body()
        await ask_all(connection, [("order.place", {**order, "quantity": str(n)}) for n in range(1, 51)])
        answers = await answers_to(screen, 50)
        assert [place for place, answer in answers.items() if answer["status"] == "ok"] == [0]


async def test_a_burst_of_ten_thousand_messages_is_answered_and_disturbs_nobody(stack: Stack) -> None:
    mixed: list[tuple[str, dict[str, Any]]] = [("ping", {}), ("subscriptions", {}), ("nothing", {}), ("subscribe", {})]
    requests = (mixed * BURST)[:BURST]
    async with stack.ws("/ws/v1/trading", "trader1") as connection, trading(stack, "trader2") as bystander:
        sending = asyncio.create_task(ask_all(connection, requests))
        answered: set[int] = set()
        async with asyncio.timeout(60):
            while len(answered) < BURST:
                frame = msgspec.json.decode(await connection.recv())
                answered.update({frame["id"]} if "id" in frame else ())
        await sending
        await bystander.result("order.place", **body())
        beats = [frame["data"][0]["ts"] for frame in bystander.frames if frame.get("channel") == "heartbeat"]
        assert all(later - earlier < 3_000_000 for earlier, later in pairwise(beats))


async def test_the_system_channel_tells_when_the_engine_is_lost_and_back(stack: Stack) -> None:
    async with trading(stack) as screen:
        assert (await screen.result("subscribe", channel="system"))["channel"] == "system"
        standing = {item["part"]: item["state"] for item in await screen.push("system", "snapshot")}
        assert standing == {"engine": "live", "orders": "live", "feed": "live"}
        assert await screen.result("subscriptions") == {"channels": ["system"]}
        stack.kill("engine")
        states: list[str] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "live" not in states:
                states += [item["state"] for item in await screen.push("system") if item["part"] == "engine"]
        assert states[0] != "live"
        await screen.result("unsubscribe", channel="system")
        assert await screen.result("subscriptions") == {"channels": []}


def test_the_document_is_served_to_everybody(stack: Stack) -> None:
    document = httpx.get(f"{stack.api}/asyncapi.json").json()
    assert document["asyncapi"] == "3.0.0"
    assert stack.url.endswith(document["servers"]["here"]["host"])
    assert {channel["address"] for channel in document["channels"].values()} == {"/ws/v1/market", "/ws/v1/trading"}
    assert httpx.post(f"{stack.api}/asyncapi.json").status_code == 405


async def test_a_stopping_process_says_when_to_come_back_and_closes_with_4001(stack: Stack) -> None:
    market = stack.ws("/ws/v1/market", "trader1")
    async with trading(stack) as screen, trading(stack, binary=True) as second, market as connection:
        stopping = asyncio.create_task(asyncio.to_thread(stack.stop))
        for one in (screen, second, Screen(connection, False)):
            assert await one.close_code() == 4001
            (notice,) = one.frames[-1]["data"]
            assert (notice["part"], notice["state"]) == ("web", "shutdown")
            assert 500 <= notice["reconnectAfterMs"] <= 5_000
        assert await stopping == 0
