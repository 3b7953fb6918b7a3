"""Does what the engine says reach a client's socket, every time and in order?"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from bridge.wire.messages import InstrumentSnapshot
from tests.marketdata.lab import Client, Lab, eventually
from tests.marketdata.scripted import E8, cleared, level, listing, quote, trade


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


async def test_every_quote_arrives_once_and_in_order(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        for number in range(200):
            engine.quotes(quote(100 + number, 101 + number))
        items = await client.until(lambda items: items[-1].get("bid") == "299", "quotes")
    assert [item["bid"] for item in items[1:]] == [str(100 + number) for number in range(200)]
    assert is_a_chain(items)


async def test_both_formats_carry_the_same_items(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as text, web.client("msgpack") as binary:
        await web.ready()
        for client in (text, binary):
            await snapshot(client, "trades", "AAPL")
        engine.trades(trade(101, 5, 1), trade(102, 7, 2, aggressor=2), trade(103, 1, 3, aggressor=0))
        seen = [await client.until(lambda items: items[-1]["seq"] == 3, "trades") for client in (text, binary)]
    assert seen[0] == seen[1]
    assert [(item["price"], item["size"], item.get("side")) for item in seen[0][1:]] == [
        ("101", "5", "buy"),
        ("102", "7", "sell"),
        ("103", "1", None),
    ]


async def test_a_late_joiner_gets_the_state_and_every_update_after_it(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as early, web.client() as late:
        await web.ready()
        await snapshot(early, "quotes", "AAPL")
        engine.quotes(quote(100, 101), quote(102, 103))
        await early.until(lambda items: items[-1]["seq"] == 2, "quotes")
        state = await snapshot(late, "quotes", "AAPL")
        engine.quotes(quote(104, 105))
        items = await late.until(lambda items: len(items) == 2, "quotes")
    assert (state["seq"], state["bid"]) == (2, "102")
    assert (items[1]["prevSeq"], items[1]["seq"], items[1]["bid"]) == (2, 3, "104")


async def test_a_book_event_is_one_item_with_the_levels_it_changed(lab: Lab) -> None:
    engine = lab.engine(listing())
    engine.snapshots[1] = InstrumentSnapshot(
        instrument_id=1, bids=[(99 * E8, 5 * E8), (98 * E8, 6 * E8)], asks=[(101 * E8, 7 * E8)]
    )
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        whole = await snapshot(client, "book", "AAPL")
        engine.depth(level(1, 99, 0, last=False), level(2, 101, 9, last=False), level(2, 102, 1))
        engine.depth(cleared(), level(1, 98, 6, last=False), level(2, 103, 2))
        items = await client.until(lambda items: len(items) == 3, "book")
    assert (whole["bids"], whole["asks"]) == ([["99", "5"], ["98", "6"]], [["101", "7"]])
    assert (items[1]["bids"], items[1]["asks"]) == ([["99", "0"]], [["101", "9"], ["102", "1"]])
    assert (items[2]["bids"], items[2]["asks"]) == ([], [["101", "0"], ["102", "0"], ["103", "2"]])
    assert is_a_chain(items)


async def test_a_book_that_is_joined_late_holds_every_update_folded_in(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as first, web.client() as second:
        await web.ready()
        await snapshot(first, "book", "AAPL")
        engine.depth(*[level(1, price, price) for price in range(1, 700)])
        engine.depth(level(1, 600, 0))
        last = (await first.until(lambda items: items[-1]["seq"] == 700, "book"))[-1]
        whole = await snapshot(second, "book", "AAPL")
    assert whole["bids"] == [[str(price), str(price)] for price in range(699, 0, -1) if price != 600]
    assert whole["checksum"] == last["checksum"]


async def test_change_and_vwap_follow_from_close_and_turnover(lab: Lab) -> None:
    engine = lab.engine(listing(close=100))
    engine.snapshots[1] = InstrumentSnapshot(
        instrument_id=1,
        bids=[],
        asks=[],
        last_e8=100 * E8,
        last_size_e8=E8,
        volume_e8=10 * E8,
        turnover_e4=1000 * 10**4,
    )
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        engine.trades(trade(110, 10, 1))
        item = (await client.until(lambda items: len(items) == 2, "quotes"))[1]
    facts = {name: item[name] for name in ("last", "change", "changePercent", "vwap", "volume", "high", "low")}
    assert facts == {
        "last": "110",
        "change": "10",
        "changePercent": "10",
        "vwap": "105",
        "volume": "20",
        "high": "110",
        "low": "110",
    }
    assert "bid" not in item


async def test_symbols_of_two_shards_arrive_side_by_side(lab: Lab) -> None:
    engine = lab.engine(listing(1, "AAPL", "0"), listing(2, "MSFT", "1"))
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL", "MSFT")
        engine.quotes(quote(10, 11, number=1), shard="0")
        engine.quotes(quote(20, 21, number=2), shard="1")
        items = await client.until(lambda items: len(items) == 4, "quotes")
    assert {item["symbol"]: item["bid"] for item in items[2:]} == {"AAPL": "10", "MSFT": "20"}


async def test_a_state_of_many_parts_arrives_whole(lab: Lab) -> None:
    table = [listing(number, f"SYM{number:04}") for number in range(1, 801)]
    engine = lab.engine(*table)
    levels = [(price * E8, E8) for price in range(1, 51)]
    for number in engine.snapshots:
        engine.snapshots[number] = InstrumentSnapshot(instrument_id=number, bids=levels[::-1], asks=[])
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        whole = await snapshot(client, "book", "SYM0800")
        assert len(web.market.hub.topics) == 3 * 800
    assert whole["bids"] == [[str(price), "1"] for price in range(50, 0, -1)]


async def test_a_server_without_the_frames_extension_serves_the_same(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web(raw=False) as web, web.client() as text, web.client("msgpack") as binary:
        await web.ready()
        for client in (text, binary):
            await snapshot(client, "quotes", "AAPL")
        for number in range(50):
            engine.quotes(quote(100 + number, 101 + number))
        seen = [await client.until(lambda items: items[-1]["seq"] == 50, "quotes") for client in (text, binary)]
    assert seen[0][1:] == seen[1][1:]
    assert is_a_chain(seen[0])


async def test_whoever_leaves_a_symbol_hears_no_more_of_it(lab: Lab) -> None:
    engine = lab.engine(listing(1, "AAPL"), listing(2, "MSFT"))
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL", "MSFT")
        await client.follow("quotes", "AAPL", leave=True)
        await eventually(lambda: any(group.symbols == {"MSFT"} for group in web.market.hub.groups))
        engine.quotes(quote(10, 11, number=1), quote(20, 21, number=2))
        items = await client.until(lambda items: len(items) == 3, "quotes")
    assert items[-1]["symbol"] == "MSFT"


async def test_following_again_brings_a_fresh_snapshot(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await snapshot(client, "quotes", "AAPL")
        engine.quotes(quote(10, 11))
        await client.until(lambda items: len(items) == 2, "quotes")
        again = await snapshot(client, "quotes", "AAPL")
        engine.quotes(quote(12, 13))
        items = await client.until(lambda items: len(items) == 4, "quotes")
    assert (again["seq"], again["prevSeq"]) == (1, 1)
    assert (items[-1]["seq"], items[-1]["prevSeq"]) == (2, 1)


async def test_without_a_snapshot_the_stream_begins_with_the_next_update(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as first, web.client() as client:
        await web.ready()
        await snapshot(first, "quotes", "AAPL")
        engine.quotes(quote(10, 11))
        await first.until(lambda items: len(items) == 2, "quotes")
        await client.follow("quotes", "AAPL", snapshot=False)
        await eventually(lambda: any(len(group.members) == 2 for group in web.market.hub.groups))
        engine.quotes(quote(12, 13))
        push = await client.push()
    assert (push["type"], push["data"][0]["seq"], push["data"][0]["prevSeq"]) == ("update", 2, 1)
