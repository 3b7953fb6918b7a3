"""Does a trader see what he holds is worth, does his desk's head see it too, and is it what was traded?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.sync.client import ClientConnection

from tests.stack import ROOT, Stack, wait_for

WAIT_SECONDS = 20.0
PUSHES_PER_SECOND = 3  #: two, and one for a heartbeat that comes late


class Screen:
    """A trading socket that keeps what it was told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.frames = socket, list[dict[str, Any]]()

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.socket.send(json.dumps({"id": 1, "method": method, "params": params}))
        return self.until(lambda frame: frame.get("id") == 1)

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(frame := self.receive()):
            pass
        return frame

    def receive(self) -> dict[str, Any]:
        self.frames.append(json.loads(self.socket.recv(timeout=WAIT_SECONDS)))
        return self.frames[-1]

    def mark(self, quality: str, channel: str = "positions") -> dict[str, Any]:
        """The first position that is pushed with this quality, as a mark."""
        frame = self.until(lambda frame: frame.get("channel") == channel and quality in qualities(frame))
        return next(item for item in frame["data"] if item["data"]["markQuality"] == quality)


def qualities(frame: dict[str, Any]) -> set[str]:
    marks = [item for item in frame["data"] if "eventId" not in item] if frame["type"] == "update" else []
    return {item["data"]["markQuality"] for item in marks}


@contextmanager
def screen(stack: Stack, username: str) -> Iterator[Screen]:
    with stack.ws_sync("/ws/v1/trading", username) as socket:
        yield Screen(socket)


@pytest.fixture(scope="module")
def held(stack: Stack) -> Stack:
    """trader1 holds 3 AAPL."""
    order = {"clientOrderId": uuid4().hex, "symbol": "AAPL", "side": "buy", "orderType": "market", "quantity": "3"}
    with stack.client("trader1") as client:
        answer = client.post("/orders", json=order)
        assert answer.status_code == 201, answer.text
        wait_for(lambda: positions(client), WAIT_SECONDS, "a position", stack.tail)
    return stack


def positions(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    return list(client.get("/positions", params=query).raise_for_status().json()["items"])


def adds_up(position: dict[str, Any]) -> bool:
    """The P&L is that of the price it is shown with, to the last digit."""
    quantity, price, cost, profit = (
        Decimal(position[name]) for name in ("quantity", "currentPrice", "costBasis", "unrealizedPnl")
    )
    return quantity * price - cost == profit


def test_a_position_is_shown_at_the_markets_price(held: Stack) -> None:
    with held.client("trader1") as client:
        (position,) = positions(client)
        quote = client.get("/quotes", params={"symbols": "AAPL"}).json()["items"][0]
    assert (position["quantity"], position["markQuality"]) == ("3", "ok")
    assert adds_up(position)
    assert abs(Decimal(position["currentPrice"]) / Decimal(quote["last"]) - 1) < Decimal("0.05")
    assert (datetime.now(UTC) - datetime.fromisoformat(position["markedAt"])).total_seconds() < WAIT_SECONDS


def test_marks_follow_the_market_a_few_times_a_second_without_a_number(held: Stack) -> None:
    with screen(held, "trader1") as trader:
        trader.ask("subscribe", channel="positions")
        snapshot = trader.until(lambda frame: frame.get("type") == "snapshot")["data"][0]
        assert (snapshot["data"]["markQuality"], adds_up(snapshot["data"])) == ("ok", True)
        trader.frames.clear()
        for _ in range(3):
            trader.until(lambda frame: frame.get("channel") == "heartbeat")
        pushes = [frame for frame in trader.frames if frame.get("channel") == "positions"]
        marks = [item for frame in pushes for item in frame["data"]]
        assert 2 <= len(pushes) <= 3 * PUSHES_PER_SECOND
        assert all(item.keys() == {"kind", "ts", "data"} and adds_up(item["data"]) for item in marks)
        prices = [item["data"]["currentPrice"] for item in marks]
        assert all(price != before for before, price in pairwise(prices))
        assert {frame["data"][0]["lastEventId"] for frame in trader.frames if frame.get("channel") == "heartbeat"} == {
            snapshot["eventId"]
        }


def test_a_frozen_feed_makes_marks_stale_everywhere_and_its_return_makes_them_good(held: Stack) -> None:
    with screen(held, "trader1") as trader, held.client("trader1") as client:
        trader.ask("subscribe", channel="positions")
        with held.frozen("feed"):
            stale = trader.mark("stale")
            assert positions(client)[0]["markQuality"] == "stale"
            assert positions(client)[0]["markedAt"] == stale["data"]["markedAt"]
        assert trader.mark("ok")["data"]["markedAt"] > stale["data"]["markedAt"]
        wait_for(lambda: positions(client)[0]["markQuality"] == "ok", WAIT_SECONDS, "a fresh price", held.tail)


def test_the_head_of_the_desk_follows_it_and_nobody_else_does(held: Stack) -> None:
    with screen(held, "desk1") as head, screen(held, "trader2") as other, held.client("trader1") as client:
        for channel in ("desk.orders", "desk.executions", "desk.positions"):
            assert head.ask("subscribe", channel=channel)["status"] == "ok"
            assert other.ask("subscribe", channel=channel)["error"]["code"] == "FORBIDDEN"
        assert head.mark("ok", "desk.positions")["data"]["account"] != ""
        order = {"clientOrderId": uuid4().hex, "symbol": "IBM", "side": "buy", "orderType": "market", "quantity": "2"}
        assert client.post("/orders", json=order).status_code == 201
        seen = {
            channel: head.until(lambda frame, name=channel: tells(frame, name, "IBM"))
            for channel in ("desk.orders", "desk.executions", "desk.positions")
        }
        numbers = [frame["data"][0]["eventId"] for frame in seen.values()]
        assert numbers == sorted(numbers)
        other.until(lambda frame: frame.get("channel") == "heartbeat")
        assert not [frame for frame in other.frames if str(frame.get("channel", "")).startswith("desk.")]


def tells(frame: dict[str, Any], channel: str, symbol: str) -> bool:
    if (frame.get("channel"), frame.get("type")) != (channel, "update"):
        return False
    return any("eventId" in item and item["data"]["symbol"] == symbol for item in frame["data"])


def test_the_desks_events_are_read_over_rest_by_whom_they_are_meant_for(held: Stack) -> None:
    with held.client("desk1") as head, held.client("compliance1") as eve, held.client("trader1") as trader:
        mine = head.get("/events", params={"stream": "desk"}).raise_for_status().json()
        assert eve.get("/events", params={"stream": "desk", "desk": "alpha"}).json()["items"] == mine["items"]
        assert [item["eventId"] for item in mine["items"]] == list(range(1, mine["lastEventId"] + 1))
        assert trader.get("/events", params={"stream": "desk"}).status_code == 403


def test_positions_of_this_moment_are_those_of_the_executions(held: Stack) -> None:
    told, fields = {}, ("quantity", "costBasis", "realizedPnl", "averagePrice")
    with held.client("trader1") as client:
        for name, query in (("now", {}), ("then", {"asOf": datetime.now(UTC).isoformat()})):
            told[name] = [[each[field] for field in fields] for each in positions(client, **query)]
    assert told["now"] == told["then"] != []


def test_positions_are_verified_while_it_runs(held: Stack) -> None:
    command = [sys.executable, "manage.py", "positions", "verify", "--json"]
    here = {**os.environ, "TMW_DATA_DIR": str(held.data_dir)}
    ran = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert (found["differences"], found["executions"] >= 1) == ([], True)
