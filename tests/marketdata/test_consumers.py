"""What does a client of the whole product see of the market, over the socket and over REST?"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.marketdata.lab import Client
from tests.stack import Stack

pytestmark = pytest.mark.timeout(120)


class Caller(Client):
    """A client of the contract: requests by id, pushes aside."""

    async def call(self, method: str, params: Any = None) -> dict[str, Any]:
        """The reply; pushes that come before it are kept."""
        await self.connection.send(json.dumps({"id": 7, "method": method, "params": params}))
        while "id" not in (frame := self.read(await self.connection.recv())):
            self.pushes.append(frame)
        return frame

    async def result(self, method: str, params: Any = None) -> Any:
        return (await self.call(method, params))["result"]

    async def refusal(self, method: str, params: Any = None) -> str:
        return str((await self.call(method, params))["error"]["code"])


@contextlib.asynccontextmanager
async def market(stack: Stack) -> AsyncIterator[Caller]:
    async with stack.ws("/ws/v1/market", "trader1") as connection:
        yield Caller(connection)


@pytest.fixture(scope="module")
def rest(stack: Stack) -> Any:
    with stack.client("trader1") as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_the_reply_says_of_each_symbol_whether_it_is_followed(stack: Stack) -> None:
    async with market(stack) as client:
        result = await client.result("subscribe", {"channel": "quotes", "symbols": ["AAPL", "ZZZZ"]})
    assert result == {"symbols": {"AAPL": {"status": "ok"}, "ZZZZ": {"status": "error", "code": "UNKNOWN_SYMBOL"}}}


async def test_the_snapshot_follows_the_reply_and_updates_follow_the_snapshot(stack: Stack) -> None:
    async with market(stack) as client:
        await client.result("subscribe", {"channel": "quotes", "symbols": ["AAPL"], "later": "fields are ignored"})
        assert client.pushes == []
        items = await client.until(lambda items: len(items) >= 5, "quotes")
    assert [item["type"] for item in items[:2]] == ["snapshot", "update"]
    assert all(item["seq"] == before["seq"] + 1 == item["prevSeq"] + 1 for before, item in pairwise(items))
    assert float(items[-1]["bidSize"]) >= 1000 and items[-1]["quality"] == "ok"


async def test_each_demo_symbol_has_a_book_of_five_levels_that_is_not_crossed(stack: Stack) -> None:
    symbols = ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    async with market(stack) as client:
        await client.result("subscribe", {"channel": "book", "symbols": symbols})
        snapshot = (await client.push())["data"]
    assert [item["symbol"] for item in snapshot] == symbols
    for item in snapshot:
        assert min(len(item["bids"]), len(item["asks"])) >= 5
        assert float(item["bids"][0][0]) < float(item["asks"][0][0])


async def test_trades_print_by_themselves(stack: Stack) -> None:
    async with market(stack) as client:
        await client.result("subscribe", {"channel": "trades", "symbols": ["AAPL", "FB", "GOOG", "IBM", "MSFT"]})
        items = await client.until(lambda items: items[-1]["type"] == "update", "trades")
    assert {"price", "size", "tradeId", "seq", "prevSeq", "epoch", "ts"} <= items[-1].keys()


async def test_the_heartbeat_tells_the_feeds_state_and_age(stack: Stack) -> None:
    async with market(stack) as client:
        assert (await client.heartbeat("live"))["ageMs"] < 3000


async def test_subscriptions_tell_what_is_followed_and_unsubscribing_ends_it(stack: Stack) -> None:
    async with market(stack) as client:
        await client.result("subscribe", {"channel": "quotes", "symbols": ["MSFT", "AAPL"]})
        await client.result("subscribe", {"channel": "book", "symbols": ["AAPL"]})
        assert await client.result("subscriptions") == {"channels": {"quotes": ["AAPL", "MSFT"], "book": ["AAPL"]}}
        await client.result("unsubscribe", {"channel": "quotes", "symbols": ["AAPL"]})
        assert await client.result("subscriptions") == {"channels": {"quotes": ["MSFT"], "book": ["AAPL"]}}
        await client.result("unsubscribeAll")
        assert await client.result("subscriptions") == {"channels": {}}


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"channel": "quotes"}, "INVALID_PARAMS"),
        ({"channel": "quotes", "symbols": []}, "INVALID_PARAMS"),
        ({"channel": "quotes", "symbols": "AAPL"}, "INVALID_PARAMS"),
        ({"channel": "quotes", "symbols": [1]}, "INVALID_PARAMS"),
        ({"channel": "quotes", "symbols": ["AAPL"] * 1001}, "INVALID_PARAMS"),
        ({"symbols": ["AAPL"]}, "INVALID_PARAMS"),
        ({"channel": "candles", "symbols": ["AAPL"]}, "UNKNOWN_CHANNEL"),
        ({"channel": "orders", "symbols": ["AAPL"]}, "UNKNOWN_CHANNEL"),
        ({"channel": "quotes", "symbols": ["ZZZZ"]}, "UNKNOWN_SYMBOL"),
        ([], "INVALID_PARAMS"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_by_name(stack: Stack, params: Any, refused: str) -> None:
    async with market(stack) as client:
        assert await client.refusal("subscribe", params) == refused


@pytest.mark.parametrize(
    ("channel", "params"),
    [
        ("book", {"depth": 3}),
        ("book", {"depth": 0}),
        ("book", {"depth": "5"}),
        ("book", {"depth": True}),
        ("quotes", {"depth": 5}),
        ("quotes", {"maxRate": 0}),
        ("quotes", {"maxRate": -1}),
        ("quotes", {"maxRate": 1e9}),
        ("quotes", {"maxRate": "2"}),
        ("quotes", {"delta": 1}),
        ("quotes", {"fields": []}),
        ("quotes", {"fields": "bid"}),
        ("quotes", {"fields": [1]}),
        ("quotes", {"fields": ["bid"] * 13}),
        ("book", {"fields": ["bid"]}),
        ("trades", {"fields": ["price"]}),
    ],
)
async def test_an_option_that_cannot_be_taken_is_named(stack: Stack, channel: str, params: dict[str, Any]) -> None:
    async with market(stack) as client:
        error = (await client.call("subscribe", {"channel": channel, "symbols": ["AAPL"], **params}))["error"]
    assert error["code"] == "INVALID_PARAMS"
    assert next(iter(params)) in error["message"]


async def test_a_book_is_followed_as_deep_as_asked_and_changed_by_asking_again(stack: Stack) -> None:
    async with market(stack) as client:
        await client.result("subscribe", {"channel": "book", "symbols": ["AAPL"], "depth": 1})
        items = await client.until(lambda items: len(items) >= 3, "book")
        assert (len(items[0]["bids"]), len(items[0]["asks"])) == (1, 1)
        await client.result("subscribe", {"channel": "book", "symbols": ["AAPL"], "depth": 5})
        items = await client.until(lambda items: sum(item["type"] == "snapshot" for item in items) == 2, "book")
    assert (len(items[-1]["bids"]), len(items[-1]["asks"])) == (5, 5)
    assert all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))


async def test_changed_fields_and_a_rate_are_followed_as_asked(stack: Stack) -> None:
    params = {"channel": "quotes", "symbols": ["AAPL"], "delta": True, "maxRate": 2}
    async with market(stack) as client:
        await client.result("subscribe", params)
        items = await client.until(lambda items: len(items) >= 4, "quotes")
        assert (await client.result("subscriptions"))["options"] == {
            "quotes": {"AAPL": {"maxRate": 2.0, "delta": True}}
        }
    assert all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))
    assert sum(item.get("skipped", 0) for item in items) > 0
    assert "low" not in items[-1]


async def test_fields_that_cannot_be_chosen_are_named(stack: Stack) -> None:
    params = {"channel": "quotes", "symbols": ["AAPL"], "fields": ["bid", "bid_size", "quality", "bid_size", "x" * 999]}
    async with market(stack) as client:
        error = (await client.call("subscribe", params))["error"]
        assert await client.result("subscriptions") == {"channels": {}}
    assert (error["code"], error["errors"][0]["attr"]) == ("INVALID_PARAMS", "fields")
    assert f"bid_size, quality, {'x' * 40}." in error["message"]


@pytest.mark.parametrize("delta", [False, True])
async def test_quotes_come_with_the_fields_that_were_chosen(stack: Stack, delta: bool) -> None:
    params = {"channel": "quotes", "symbols": ["AAPL"], "fields": ["bidSize", "bid"], "delta": delta}
    always = {"symbol", "epoch", "seq", "prevSeq", "ts", "quality", "ageMs", "type"}
    async with market(stack) as client:
        await client.result("subscribe", params)
        items = await client.until(lambda items: len(items) >= 4, "quotes")
        told = (await client.result("subscriptions"))["options"]["quotes"]["AAPL"]
        assert told == {"fields": ["bid", "bidSize"], **({"delta": True} if delta else {})}
        await client.result("subscribe", {"channel": "quotes", "symbols": ["AAPL"], "snapshot": False})
        items = await client.until(lambda items: sum(item["type"] == "snapshot" for item in items) == 2, "quotes")
    chain = [item for item in items if item["type"] == "update" or item is items[0]]
    assert items[0].keys() == always | {"bid", "bidSize"}
    assert all(item.keys() <= items[0].keys() | {"skipped"} for item in items[:4])
    assert all(item.keys() >= items[0].keys() for item in items[:4]) or delta
    assert all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))
    assert all(item["seq"] - item["prevSeq"] - 1 == item.get("skipped", 0) for item in chain[1:])
    assert "ask" in next(item for item in items[1:] if item["type"] == "snapshot")


def test_quotes_come_in_the_order_asked(rest: httpx.Client) -> None:
    answer = rest.get("/quotes", params={"symbols": "MSFT,AAPL"}).json()
    assert [item["symbol"] for item in answer["items"]] == ["MSFT", "AAPL"]
    assert answer["items"][0]["quality"] == "ok"


def test_a_book_is_as_deep_as_asked(rest: httpx.Client) -> None:
    book = rest.get("/books/AAPL", params={"depth": 2}).json()
    assert (len(book["bids"]), len(book["asks"])) == (2, 2)


def test_trades_come_newest_first(rest: httpx.Client) -> None:
    times = [item["ts"] for item in rest.get("/trades/AAPL").json()["items"]]
    assert times == sorted(times, reverse=True)


def test_instruments_are_read_page_by_page(rest: httpx.Client) -> None:
    symbols, token = [], ""
    while token is not None:
        page = rest.get("/instruments", params={"limit": 2, "pageToken": token}).json()
        symbols += [item["symbol"] for item in page["items"]]
        token = page["nextPageToken"]
    assert symbols == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]


def test_instruments_are_found_by_a_part_of_their_name(rest: httpx.Client) -> None:
    (found,) = rest.get("/instruments", params={"query": "micro"}).json()["items"]
    assert (found["symbol"], found["exchange"], found["tick"], found["lot"]) == ("MSFT", "XNAS", "0.01", "1")


def test_one_instrument_is_found_by_its_symbol(rest: httpx.Client) -> None:
    assert rest.get("/instruments/IBM").json()["exchange"] == "XNYS"


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/instruments/ZZZZ", (404, "UNKNOWN_INSTRUMENT")),
        ("/quotes?symbols=AAPL,ZZZZ", (404, "UNKNOWN_INSTRUMENT")),
        ("/books/ZZZZ", (404, "UNKNOWN_INSTRUMENT")),
        ("/trades/ZZZZ", (404, "UNKNOWN_INSTRUMENT")),
        ("/quotes", (422, "VALIDATION_FAILED")),
        ("/quotes?symbols=,", (422, "VALIDATION_FAILED")),
        ("/books/AAPL?depth=0", (422, "VALIDATION_FAILED")),
        ("/books/AAPL?depth=x", (422, "VALIDATION_FAILED")),
        ("/instruments?limit=1001", (422, "VALIDATION_FAILED")),
        ("/instruments?pageToken=%21%21", (422, "VALIDATION_FAILED")),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(rest: httpx.Client, path: str, refused: tuple[int, str]) -> None:
    assert code(rest.get(path)) == refused


def test_market_data_needs_a_login(stack: Stack) -> None:
    assert code(httpx.get(f"{stack.api}/quotes?symbols=AAPL")) == (401, "AUTHENTICATION_REQUIRED")
