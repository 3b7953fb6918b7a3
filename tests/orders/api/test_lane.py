"""Is an order that takes the short way answered as the views answer it, and does what is not usual reach them?"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.orders.api.test_write import body
from tests.stack import Stack

LONG_WAY = {"Accept": "application/json, */*"}  #: nothing usual: the views answer
OWN = {"content-length", "x-request-id", "server-timing", "x-last-event-id", "location", "ratelimit-remaining"}
OTHERS = {"allow", "vary", "date", "ratelimit-reset"}  #: said by DRF of itself, or different a moment later


@pytest.fixture(scope="module")
def trader(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader1") as client:
        client.get("/orders")  # the session is known now
        yield client


def both(trader: httpx.Client, method: str, path: str, **request: Any) -> tuple[httpx.Response, httpx.Response]:
    """The answer of the short way and that of the views; JSON bodies get an id of their own."""
    answers = []
    for headers in ({}, LONG_WAY):
        made = {name: {**value, "clientOrderId": uuid.uuid4().hex} for name, value in request.items() if name == "json"}
        answers.append(trader.request(method, path, **{**request, **made, "headers": headers}))
    short, long = answers
    assert ("allow" in short.headers, "allow" in long.headers) == (False, True)
    return short, long


def told(answer: httpx.Response) -> dict[str, str]:
    """The headers that do not belong to this one answer."""
    return {name: value for name, value in answer.headers.items() if name not in OWN | OTHERS}


def test_an_order_is_answered_alike_on_both_ways(trader: httpx.Client) -> None:
    short, long = both(trader, "POST", "/orders", json=body())
    assert (short.status_code, told(short)) == (long.status_code, told(long)) == (201, told(long))
    assert short.json().keys() == long.json().keys()
    assert short.headers.keys() >= OWN
    assert short.headers["Location"] == f"/api/v1/orders/{short.json()['id']}"


def test_a_cancel_is_answered_alike_on_both_ways(trader: httpx.Client) -> None:
    answers = []
    for headers in ({}, LONG_WAY):
        order = trader.post("/orders", json=body(), headers={"Prefer": "wait=5"}).json()
        answers.append(trader.delete(f"/orders/{order['id']}", headers=headers))
    short, long = answers
    assert (short.status_code, told(short)) == (long.status_code, told(long)) == (202, told(long))
    assert short.json().keys() == long.json().keys()


@pytest.mark.parametrize("path", [f"/orders/{uuid.UUID(int=1)}", "/orders/3d42135a-a3b8-4fd0-9734-a1dbf652c7eb"])
def test_what_the_bridge_refuses_is_told_alike(trader: httpx.Client, path: str) -> None:
    short, long = both(trader, "DELETE", path)
    assert short.status_code == long.status_code == 404
    assert told(short) == told(long)
    assert {**short.json(), "requestId": ""} == {**long.json(), "requestId": ""}


def test_what_the_core_refuses_is_told_alike(trader: httpx.Client) -> None:
    short, long = both(trader, "POST", "/orders", json=body(symbol="NOPE"))
    assert short.status_code == long.status_code == 422
    assert {**short.json(), "requestId": ""} == {**long.json(), "requestId": ""}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": body(), "headers": {"Authorization": "Bearer no"}}, 401),
        ({"json": body(), "headers": {"Authorization": "Basic YTpi"}}, 401),
        ({"json": body(), "headers": {"Host": "elsewhere.example"}}, 400),
        ({"json": body(), "headers": {"Accept": "text/html"}}, 406),
        ({"json": body(quantity="0")}, 422),
        ({"json": body(misspelt="1")}, 422),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"content": b"[]", "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b'{"side":"buy","side":"sell"}', "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b" " * 70_000, "headers": {"Content-Type": "application/json"}}, 413),
    ],
)
def test_what_is_not_usual_is_refused_by_the_views(trader: httpx.Client, request_: dict[str, Any], status: int) -> None:
    answer = trader.post("/orders", **request_)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_an_order_that_comes_in_pieces_is_taken(trader: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"clientOrderId":"%s","symbol":"AAPL",' % uuid.uuid4().hex.encode()
        yield b'"side":"buy","orderType":"limit","quantity":"1","price":"1.00"}'

    answer = trader.post("/orders", content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


def test_who_may_not_trade_is_refused(stack: Stack) -> None:
    with stack.client("compliance1") as client:
        assert client.post("/orders", json=body()).status_code == 403


def test_both_ways_take_from_one_budget(trader: httpx.Client) -> None:
    short, long = both(trader, "DELETE", f"/orders/{uuid.uuid4()}")
    assert int(long.headers["RateLimit-Remaining"]) < int(short.headers["RateLimit-Limit"])
    assert short.headers["RateLimit-Limit"] == long.headers["RateLimit-Limit"]
