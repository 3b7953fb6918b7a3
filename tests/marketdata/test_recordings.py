"""Does recorded market data reach a socket level by level as the exchange had it?

One stack replays both recordings. It stands still until the clients have subscribed, so that none of it is missed.
"""

from __future__ import annotations

import asyncio
import csv
import lzma
from collections.abc import Callable, Iterable, Iterator
from heapq import nlargest, nsmallest
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from marketdata.items import TextLevel
from tests.needs import data
from tests.stack import Stack
from tradingmw.env import env
from tradingmw.scaled import to_e8

pytestmark = pytest.mark.timeout(240)
LOBSTER = env().market_data / "lobster"
DAY = "AAPL_2012-06-21"
HOUR = LOBSTER / f"{DAY}_34200000_37800000_message_50.csv.xz"
REFERENCE = LOBSTER / f"{DAY}_first999_orderbook_10.csv.xz"
BINANCE = env().market_data / "binance" / "spot_btcusdt_20240808.jsonl.xz"
SPEED = 40
E8 = 10**8
SILENCE_SECONDS = 30.0

Sides = dict[str, dict[int, int]]
Top = tuple[tuple[int, int], ...]


class Item(msgspec.Struct, rename="camel"):
    symbol: str
    epoch: int
    seq: int
    prev_seq: int
    bids: list[TextLevel]
    asks: list[TextLevel]
    skipped: int = 0


class Push(msgspec.Struct):
    channel: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


class Follower:
    """One socket's book: every item in order, without a hole, folded as any client would."""

    def __init__(self) -> None:
        self.sides: Sides = {"bids": {}, "asks": {}}
        self.last: Item | None = None
        self._read = msgspec.json.Decoder(Push).decode
        self._items = msgspec.json.Decoder(list[Item]).decode

    def books(self, frame: str | bytes) -> Iterator[Sides]:
        """The book after each item of the frame."""
        push = self._read(frame)
        if push.channel == "book":
            for item in self._items(push.data):
                self._take(item, push.type)
                yield self.sides

    def _take(self, item: Item, kind: str) -> None:
        if kind == "snapshot":
            assert self.last is None, "the stream was interrupted"
        else:
            assert self.last is not None and not item.skipped
            assert (item.epoch, item.prev_seq, item.seq) == (self.last.epoch, self.last.seq, self.last.seq + 1)
        self.last = item
        for side, levels in (("bids", item.bids), ("asks", item.asks)):
            for price, size in levels:
                if size == "0":
                    self.sides[side].pop(to_e8(price), None)
                else:
                    self.sides[side][to_e8(price)] = to_e8(size)


def best(sides: Sides, levels: int) -> Top:
    """Ask price, ask size, bid price, bid size, level by level, as LOBSTER writes them."""
    asks, bids = nsmallest(levels, sides["asks"].items()), nlargest(levels, sides["bids"].items())
    return tuple((*ask, *bid) for ask, bid in zip(asks, bids, strict=False))


def changes(tops: Iterable[Top]) -> list[Top]:
    """Each top that differs from the one before it."""
    return [top for top, _ in groupby(tops)]


def lobster_tops() -> list[Top]:
    """The ten levels of all 999 reference rows."""
    with lzma.open(data(REFERENCE), "rt", encoding="ascii") as file:
        rows = [[int(cell) for cell in row] for row in csv.reader(file)]
    assert len(rows) == 999
    quads = [zip(*[iter(row)] * 4, strict=True) for row in rows]
    return [tuple((ask * 10**4, size * E8, bid * 10**4, other * E8) for ask, size, bid, other in row) for row in quads]


def binance_tops() -> list[Top]:
    """The snapshot's best ask and bid, then for each depth update after it the exchange's own."""
    with lzma.open(data(BINANCE), "rt", encoding="ascii") as file:
        messages = [msgspec.json.decode(line.partition(" ")[2]) for line in file]
    snapshot = next(message for message in messages if "lastUpdateId" in message)
    payloads = [message["data"] for message in messages if "data" in message]
    tickers = iter([payload for payload in payloads if "B" in payload])
    following, ticker = next(tickers), {}
    tops: list[Top] = [(tuple(map(to_e8, (*snapshot["asks"][0], *snapshot["bids"][0]))),)]  # type: ignore[list-item]
    for update in (one for one in payloads if one.get("e") == "depthUpdate" and one["u"] > snapshot["lastUpdateId"]):
        while following and following["u"] <= update["u"]:
            ticker, following = following, next(tickers, {})
        tops.append((tuple(to_e8(ticker[name]) for name in "aAbB"),))  # type: ignore[arg-type]
    assert len(tops) == 2 + 3_448  # the snapshot, an update that came while it was fetched, and those after it
    return tops


@pytest.fixture(scope="module")
def held(make_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> tuple[Stack, Path]:
    """A stack whose market stands still while the file exists."""
    hold = tmp_path_factory.mktemp("hold") / "hold"
    hold.touch()
    replay = [data(HOUR), data(BINANCE)]
    return make_stack(replay=replay, speed=SPEED, hold_file=hold, no_loop=True), hold


async def subscribed(stack: Stack, symbol: str) -> Any:
    socket = await stack.ws("/ws/v1/market", "trader1")
    params = {"channel": "book", "symbols": [symbol]}
    await socket.send(msgspec.json.encode({"id": 1, "method": "subscribe", "params": params}).decode())
    while msgspec.json.decode(await socket.recv()).get("status") != "ok":
        pass
    return socket


async def seen(socket: Any, levels: int, count: int) -> list[Top]:
    """The first `count` changes of the best levels, the state that the socket joined at included."""
    follower, tops = Follower(), list[Top]()
    while len(tops) < count:
        for sides in follower.books(await asyncio.wait_for(socket.recv(), SILENCE_SECONDS)):
            top = best(sides, levels)
            if top and (not tops or top != tops[-1]) and len(tops) < count:
                tops.append(top)
    await socket.close()
    return tops


async def test_the_socket_shows_every_recorded_book_and_no_other(held: tuple[Stack, Path]) -> None:
    """LOBSTER: ten levels at all 999 reference rows. Binance: the top equals bookTicker after all 3,448 updates."""
    stack, hold = held
    lobster, binance = changes(lobster_tops()), changes(binance_tops())
    equities, coins = await subscribed(stack, "AAPL"), await subscribed(stack, "BTCUSDT")
    hold.unlink()
    of_both = await asyncio.gather(seen(equities, 10, len(lobster)), seen(coins, 1, len(binance)))
    assert of_both == [lobster, binance]
