"""What does a client see when something on the way breaks: numbers, bytes, the engine, the feed bridge?"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import pytest

from bridge.wire.envelope import Kind
from bridge.wire.messages import InstrumentSnapshot
from tests.marketdata.lab import Client, Lab, eventually
from tests.marketdata.scripted import E8, listing, now_us, quote


def is_a_chain(items: list[dict[str, Any]]) -> bool:
    """Each item names the one before it."""
    return all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))


def snapshots(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["type"] == "snapshot"]


async def snapshot(client: Client, channel: str, *symbols: str) -> dict[str, Any]:
    """Follows and takes the snapshot's first item."""
    await client.follow(channel, *symbols)
    push = await client.push()
    assert (push["channel"], push["type"]) == (channel, "snapshot")
    return dict(push["data"][0])


async def test_a_gap_in_the_engines_numbers_begins_a_new_epoch_with_snapshots(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        before = await snapshot(client, "quotes", "AAPL")
        engine.lose()
        engine.snapshots[1] = InstrumentSnapshot(instrument_id=1, bids=[(7 * E8, E8)], asks=[])
        engine.quotes(quote(100, 101))
        items = await client.until(lambda items: len(snapshots(items)) == 2, "quotes")
    assert items[-1]["epoch"] > before["epoch"]
    assert (items[-1]["prevSeq"], items[-1]["bid"]) == (0, "7")


async def test_a_loss_at_the_tail_is_found_by_the_heartbeat(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        engine.lose()
        assert await client.until(lambda items: len(snapshots(items)) == 2, "quotes")


@pytest.mark.parametrize("payload", [b"", b"\xff" * 64, b"\x0c\x00\x00\x00" + b"\x00" * 40])
async def test_a_batch_that_cannot_be_read_is_counted_and_the_state_fetched_anew(lab: Lab, payload: bytes) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        engine.publish(Kind.QUOTES, payload)
        await client.until(lambda items: len(snapshots(items)) == 2, "quotes")
    assert sum(feed.bridge.rejected().values()) >= 1


async def test_frames_that_are_not_of_the_link_disturb_nobody(lab: Lab) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        engine.raw(b"md.0")
        engine.raw(b"md.0", b"short", b"")
        engine.raw(b"md.0", b"X" * 32, b"payload")
        engine.quotes(quote(100, 101))
        items = await client.until(lambda items: items[-1].get("bid") == "100", "quotes")
    assert len(items) == 2
    assert sum(feed.bridge.rejected().values()) == 3


async def test_a_restarted_engine_begins_a_new_epoch(lab: Lab) -> None:
    first = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        before = await snapshot(client, "quotes", "AAPL")
        lab.end(first)
        second = lab.engine(listing(number=9, symbol="AAPL"), listing(number=1, symbol="MSFT"))
        await client.until(lambda items: len(snapshots(items)) == 2, "quotes")
        second.quotes(quote(55, 56, number=9))
        items = await client.until(lambda items: items[-1].get("bid") == "55", "quotes")
    assert {item["symbol"] for item in items} == {"AAPL"}
    assert items[-1]["epoch"] > before["epoch"]


async def test_a_restarted_feed_bridge_begins_a_new_epoch(lab: Lab) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        before = await snapshot(client, "quotes", "AAPL")
        lab.end(feed)
        lab.feed()
        await client.until(lambda items: len(snapshots(items)) == 2, "quotes")
        engine.quotes(quote(55, 56))
        items = await client.until(lambda items: items[-1].get("bid") == "55", "quotes")
    assert items[-1]["epoch"] > before["epoch"]


async def test_a_silent_engine_makes_quotes_stale_and_its_return_makes_them_good(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        await client.heartbeat("live")
        engine.answering = False
        await client.until(lambda items: items[-1]["quality"] == "stale", "quotes")
        assert (await client.heartbeat("stale"))["ageMs"] >= 1500
        engine.answering = True
        items = await client.until(lambda items: items[-1]["quality"] == "ok", "quotes")
    assert is_a_chain(items)


async def test_a_feed_bridge_that_reads_too_late_throws_away_what_waits_and_begins_anew(lab: Lab) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        before, subscriptions = await snapshot(client, "quotes", "AAPL"), engine.subscriptions()
        engine.behind_since_us = now_us()
        await eventually(lambda: feed.bridge.repairs()["LATE"])
        engine.behind_since_us = 0
        await client.until(lambda items: len(snapshots(items)) > 1, "quotes")
        await eventually(lambda: engine.subscriptions() > subscriptions)  # its connection is another one now
        engine.quotes(quote(55, 56))
        items = await client.until(lambda items: items[-1].get("bid") == "55", "quotes")
    assert items[-1]["epoch"] > before["epoch"]


async def test_a_feed_bridge_that_is_gone_is_told_by_the_heartbeat(lab: Lab) -> None:
    lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client, web.client() as late:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        lab.end(feed)
        items = await client.until(lambda items: items[-1]["quality"] == "stale", "quotes")
        await client.heartbeat("down")
        stale = await snapshot(late, "quotes", "AAPL")
        lab.feed()
        items = await client.until(lambda items: items[-1]["quality"] == "ok" and len(items) > 2, "quotes")
    assert stale["quality"] == "stale"
    assert items == snapshots(items)
    # Stale twice where the new bridge's state comes before its first frame: it is fresh once it is heard
    assert [quality for quality, _ in groupby(item["quality"] for item in items)] == ["ok", "stale", "ok"]
