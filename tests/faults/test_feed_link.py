"""What do screens see when the engine's feed is killed, swallowed, or has holes, and how soon is it right again?"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zmq

from bridge.books import checksum_of
from bridge.link.feed import FeedLink
from bridge.sockets.curve import KeyRing, make_keys
from bridge.wire.envelope import Kind
from bridge.wire.market import encode_quotes
from bridge.wire.messages import InstrumentSnapshot
from tests.bridge.simulator.peer import EngineProcess
from tests.bridge.waiting import until
from tests.faults.tcp_proxy import TcpProxy
from tests.marketdata.lab import Client, Lab, RunningFeed, Web, eventually, lab_env, lab_in
from tests.marketdata.scripted import E8, level, listing, quote
from tests.patience import PATIENCE
from tests.scoreboard import Measured

pytestmark = pytest.mark.alone

STALE_SECONDS, RETURN_SECONDS, ASK_SECONDS = 3.0, 3.0, 0.2


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    yield from lab_in(tmp_path)


@asynccontextmanager
async def watching(lab: Lab, *channels: str) -> AsyncIterator[tuple[Web, Client]]:
    """A client that follows AAPL and has its snapshots."""
    async with lab.web() as web, web.client() as client:
        await web.ready()
        for channel in channels:
            await client.follow(channel, "AAPL")
            await client.until(bool, channel)
        yield web, client


def holes(items: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Where an update does not follow the item before it, although both are of one epoch."""
    return [
        (before["seq"], item["prevSeq"])
        for before, item in pairwise(items)
        if item["epoch"] == before["epoch"] and item["prevSeq"] != before["seq"]
    ]


def snapshots(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["type"] == "snapshot"]


async def seconds_until(client: Client, done: Any, channel: str = "quotes") -> float:
    started = time.monotonic()
    await client.until(done, channel)
    return time.monotonic() - started


async def test_an_engine_that_is_killed_is_known_to_be_gone_and_its_new_epoch_is_shown(
    tmp_path: Path, measured: Measured
) -> None:
    make_keys(tmp_path / "keys")
    engine = EngineProcess(tmp_path, "--symbols", "5", "--rate", "200")
    names = ("engine_market_data", "engine_commands", "engine_queries", "engine_work")
    lab = Lab(lab_env(tmp_path).model_copy(update=dict(zip(names, engine.addresses, strict=True))))
    feed = lab.feed()
    try:
        async with lab.web() as web, web.client() as client:
            await web.ready()
            await client.follow("quotes", "SYM001")
            await client.until(lambda items: len(items) > 20, "quotes")
            engine.kill()
            stale = await seconds_until(client, lambda items: items[-1]["quality"] == "stale")
            first = client.items("quotes")[-1]
            await asyncio.to_thread(engine.restart, "--symbols", "5", "--rate", "200")
            back = await seconds_until(client, lambda items: items[-1]["epoch"] > first["epoch"])
            items = await client.until(lambda items: items[-1]["seq"] > 20 and items[-1]["quality"] == "ok", "quotes")
    finally:
        lab.close()
        engine.kill()
    begun = next(item for item in items if item["epoch"] > first["epoch"])
    measured(3, "killed engine: quotes stale at the client after", f"{stale:.2f} s", "≤ 3 s")
    measured(3, "restarted engine: snapshot of the new epoch at the client after", f"{back:.2f} s", "≤ 3 s")
    measured(3, "gaps in the feed that a client could not see", len(holes(items)), "0")
    assert (begun["type"], begun["prevSeq"]) == ("snapshot", 0)
    assert holes(items) == []
    assert stale <= STALE_SECONDS * PATIENCE
    assert back <= RETURN_SECONDS * PATIENCE
    assert feed.bridge.repairs()["NEW_EPOCH"] == 1


async def test_a_line_that_swallows_everything_is_noticed_and_mends_itself(tmp_path: Path, measured: Measured) -> None:
    env = lab_env(tmp_path)
    market_data, queries = TcpProxy(env.engine_market_data), TcpProxy(env.engine_queries)
    lab = Lab(env)
    engine = lab.engine(listing())
    across = {"engine_market_data": market_data.address, "engine_queries": queries.address}
    feed = RunningFeed(env.model_copy(update=across))
    try:
        async with watching(lab, "quotes") as (_, client):
            engine.quotes(quote(10, 11))
            await client.until(lambda items: items[-1].get("bid") == "10", "quotes")
            for line in (market_data, queries):
                line.swallow()
            stale = await seconds_until(client, lambda items: items[-1]["quality"] == "stale")
            await client.heartbeat("stale")
            engine.snapshots[1] = InstrumentSnapshot(instrument_id=1, bids=[(20 * E8, E8)], asks=[(21 * E8, E8)])
            engine.quotes(quote(20, 21))  # lost: it reaches no connection that is read again
            await eventually(lambda: market_data.is_called_again)
            for line in (market_data, queries):
                line.forward()
            back = await seconds_until(
                client, lambda items: items[-1].get("bid") == "20" and items[-1]["quality"] == "ok"
            )
            items = client.items("quotes")
    finally:
        feed.close()
        lab.close()
        market_data.close()
        queries.close()
    measured(15, "silent line: quotes stale at the client after", f"{stale:.2f} s", "≤ 3 s")
    measured(15, "line back: right quotes at the client after", f"{back:.2f} s", "≤ 3 s")
    assert stale <= STALE_SECONDS * PATIENCE
    assert back <= RETURN_SECONDS * PATIENCE
    assert holes(items) == []


@pytest.mark.parametrize("lost", [1, 100, 20_000])
async def test_a_hole_of_any_size_is_mended_by_a_snapshot_at_once(lab: Lab, measured: Measured, lost: int) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with watching(lab, "quotes", "book") as (_, client):
        whole = InstrumentSnapshot(instrument_id=1, bids=[(30 * E8, 3 * E8), (29 * E8, E8)], asks=[(31 * E8, E8)])
        engine.snapshots[1] = whole
        asked_before = engine.queries
        engine.lose(batches=lost)
        engine.depth(level(1, 30, 3))
        started = time.monotonic()
        await eventually(lambda: engine.queries > asked_before)
        asked = time.monotonic() - started
        items = await client.until(lambda items: len(snapshots(items)) == 2, "book")
        quotes = await client.until(lambda items: len(snapshots(items)) == 2, "quotes")
    measured(6, f"feed, {lost:,} batches missing: snapshot asked for after", f"{1000 * asked:.0f} ms", "≤ 200 ms")
    assert asked <= ASK_SECONDS * PATIENCE
    assert (items[-1]["bids"], items[-1]["asks"]) == ([["30", "3"], ["29", "1"]], [["31", "1"]])
    assert items[-1]["checksum"] == checksum_of([("30", "3"), ("29", "1")], [("31", "1")])
    assert quotes[-1]["bid"] == "30"
    assert feed.bridge.missed == lost
    assert feed.bridge.repairs() == {"GAP": 1}


async def test_a_further_hole_while_the_first_is_mended_is_mended_too(lab: Lab) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with watching(lab, "quotes") as (_, client):
        engine.answering = False
        engine.lose()
        engine.quotes(quote(1, 2))
        await eventually(lambda: feed.bridge.repairs()["GAP"] == 1)
        engine.quotes(quote(3, 4))
        engine.lose(batches=50)
        engine.snapshots[1] = InstrumentSnapshot(instrument_id=1, bids=[(7 * E8, E8)], asks=[])
        engine.quotes(quote(7, 8))
        stale = await client.until(lambda items: items[-1]["quality"] == "stale", "quotes")
        engine.answering = True
        await client.until(lambda items: items[-1]["epoch"] > stale[-1]["epoch"], "quotes")
        engine.quotes(quote(8, 9))
        items = await client.until(lambda items: items[-1].get("bid") == "8", "quotes")
    assert holes(items) == []
    assert items[-1]["quality"] == "ok"


async def test_an_engine_that_counts_backwards_in_its_epoch_raises_an_alarm_and_is_believed_anew(
    lab: Lab, measured: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    with caplog.at_level(logging.ERROR, "marketdata.feed.engine"):
        async with watching(lab, "quotes") as (_, client):
            for price in range(10, 20):
                engine.quotes(quote(price, price + 1))
            await client.until(lambda items: items[-1].get("bid") == "19", "quotes")
            engine.seq["0"] = 0
            engine.snapshots[1] = InstrumentSnapshot(instrument_id=1, bids=[(5 * E8, E8)], asks=[])
            engine.quotes(quote(5, 6))
            back = await seconds_until(client, lambda items: items[-1].get("bid") == "5")
            engine.quotes(quote(6, 7))
            items = await client.until(lambda items: items[-1].get("bid") == "6", "quotes")
    measured(6, "feed's numbers go back: alarm, snapshot at the client after", f"{back:.2f} s", "alarm and resync")
    assert feed.bridge.repairs() == {"REGRESSION": 1}
    assert "counts backwards" in caplog.text
    assert holes(items) == []


def test_what_a_full_queue_drops_is_counted_as_missing(tmp_path: Path, measured: Measured) -> None:
    """A subscriber that does not read: PUB drops without a word, the numbers tell how much."""
    lab = Lab(lab_env(tmp_path))
    engine = lab.engine(listing())
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    link = FeedLink(context, KeyRing(lab.env.keys), lab.env.engine_market_data, ["md.0"])
    sent, payload = 60_000, encode_quotes([quote(1, 2)])
    try:
        until(lambda: link.receive(100), "the first heartbeat")
        for _ in range(sent):
            engine.publish(Kind.QUOTES, payload)
        got: list[int] = []

        def everything_is_known() -> bool:
            messages = link.receive(1_000)
            got.extend(message.envelope.seq for message in messages if message.rows)
            return link.position("md.0") == (engine.epoch, sent)

        until(everything_is_known, "the last number")
    finally:
        link.close()
        context.term()
        lab.close()
    measured(6, "feed, queue full: batches dropped that the receiver counts", f"{link.missed:,} of {sent:,}", "all")
    assert link.missed > 0
    assert link.missed == sent - len(got)
    assert got == sorted(got)
