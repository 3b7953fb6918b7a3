"""What happens to a client that reads too slowly, and to everybody else meanwhile?"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.marketdata.lab import Client, Lab, Web, eventually
from tests.marketdata.scripted import level, listing, quote, trade

ROUNDS = 400


async def fill(web: Web, say: Any) -> int:
    """Says things until a socket is paused; how often."""
    told = 0
    while not any(one.paused for one in web.market.hub.subscribers):
        for _ in range(100):
            say(told)
            told += 1
        await reached(web, told)
    return told


async def reached(web: Web, updates: int) -> None:
    """Until the hub has taken so many updates."""
    await eventually(lambda: web.market.hub.counts["updates"] >= updates)


async def follow(client: Client, channel: str) -> None:
    await client.follow(channel, "AAPL")
    await client.push()


@pytest.mark.parametrize("raw", [True, False], ids=["frames", "asgi"])
async def test_quotes_missed_while_paused_come_as_one_that_says_how_many(lab: Lab, raw: bool) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web(raw=raw) as web, web.slow_client() as slow, web.client() as quick:
        await web.ready()
        await follow(slow, "quotes")
        await follow(quick, "quotes")
        told = await fill(web, lambda number: engine.quotes(quote(1000 + number, 9000)))
        for number in range(ROUNDS):
            engine.quotes(quote(5000 + number, 9000))
        total = told + ROUNDS
        fresh = await quick.until(lambda items: items[-1]["seq"] == total, "quotes")
        items = await slow.until(lambda items: items[-1]["seq"] == total, "quotes")
    assert [item["seq"] for item in fresh] == list(range(total + 1))
    assert items[-1]["bid"] == str(5000 + ROUNDS - 1)
    assert all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))
    assert sum(item.get("skipped", 0) for item in items) == total - (len(items) - 1)
    assert any("skipped" in item for item in items)


async def test_a_book_missed_while_paused_comes_whole(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.slow_client() as slow:
        await web.ready()
        await follow(slow, "book")
        told = await fill(web, lambda number: engine.depth(level(1, 1 + number % 50, 1 + number)))
        for number in range(ROUNDS):
            engine.depth(level(2, 60 + number % 50, 1 + number))
        total = told + ROUNDS
        await eventually(lambda: web.market.hub.counts["updates"] >= total)
        items = await slow.until(lambda items: items[-1]["seq"] == total, "book")
        whole = web.market.hub.topics["book:AAPL"].snapshot(0, None)  # type: ignore[arg-type]
    book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for item in items:
        for side, levels in book.items():
            levels.update(dict(item[side])) if item["type"] == "update" else book.update({side: dict(item[side])})
    standing = {side: {price: size for price, size in levels.items() if size != "0"} for side, levels in book.items()}
    assert standing == {"bids": dict(whole.bids), "asks": dict(whole.asks)}
    assert all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))


async def test_trades_missed_while_paused_come_from_the_ring_with_a_counted_gap(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.slow_client() as slow:
        await web.ready()
        await follow(slow, "trades")
        told = await fill(web, lambda number: engine.trades(trade(100, 1, 1 + number)))
        for number in range(ROUNDS):
            engine.trades(trade(100, 1, 1 + told + number))
        total = told + ROUNDS
        await eventually(lambda: web.market.hub.topics["trades:AAPL"].seq == total)
        items = await slow.until(lambda items: items[-1]["seq"] == total, "trades")
    gaps = [item["skipped"] for item in items if "skipped" in item]
    assert all(item["prevSeq"] == before["seq"] for before, item in pairwise(items))
    assert sum(gaps) == web.market.hub.counts["lost_trades"] > 0
    assert len(items) - 1 + sum(gaps) == total


async def test_a_paused_socket_holds_nothing_but_numbers(lab: Lab) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.slow_client() as slow:
        await web.ready()
        await follow(slow, "quotes")
        told = await fill(web, lambda number: engine.quotes(quote(1000 + number, 9000)))
        for number in range(ROUNDS):
            engine.quotes(quote(5000 + number, 9000))
        await eventually(lambda: web.market.hub.counts["updates"] >= told + ROUNDS)
        (paused,) = web.market.hub.subscribers
        assert not list(web.market.hub.groups)
        assert list(paused.behind["quotes"]) == ["AAPL"]  # type: ignore[index]
        slow.connection.transport.abort()
        await eventually(lambda: not web.market.hub.subscribers)
