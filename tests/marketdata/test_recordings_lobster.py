"""Does the recorded NASDAQ hour reach a socket level by level as the exchange had it?

The stack stands still until the client has subscribed, so that none of it is missed.
"""

from __future__ import annotations

import asyncio
import csv
import lzma
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.marketdata.rebuilding import Row, book_rows
from tests.marketdata.replaying import held
from tests.needs import data
from tests.recordings import Book, Levels, plain, tell
from tests.stack import Stack
from tradingmw.env import env

pytestmark = pytest.mark.timeout(240)
LOBSTER = env().market_data / "lobster"
DAY = "AAPL_2012-06-21"
HOUR = LOBSTER / f"{DAY}_34200000_37800000_message_50.csv.xz"
REFERENCE = LOBSTER / f"{DAY}_first999_orderbook_10.csv.xz"
ROWS, LEVELS = 999, 10
SPEEDS = (20, 5, 1)
DEADLINE_SECONDS = 60.0


class Follower:
    """One socket's book: every item in order, without a hole, each with the checksum of what it leaves."""

    def __init__(self) -> None:
        self.book = Book()
        self.counts: Counter[str] = Counter()
        self._last: Row | None = None

    def take(self, row: Row, kind: str) -> Levels:
        """The best levels after the item."""
        if kind == "snapshot":
            assert self._last is None, "the stream was interrupted"
        else:
            assert self._last is not None
            assert (row.epoch, row.prev_seq, row.skipped) == (
                self._last.epoch,
                self._last.seq,
                row.seq - row.prev_seq - 1,
            )
            self.counts.update(items=1, merged=row.skipped)
        self._last = row
        self.book.take(row.bids, row.asks)
        assert row.checksum == self.book.checksum
        return self.book.best(LEVELS)


def changes(books: Iterable[Levels]) -> list[Levels]:
    """Each that differs from the one before it."""
    return [levels for levels, _ in groupby(books)]


def recorded() -> list[Levels]:
    """The ten levels of all reference rows: ask price, ask size, bid price, bid size; dollars × 10,000."""
    with lzma.open(data(REFERENCE), "rt", encoding="ascii") as file:
        rows = list(csv.reader(file))
    assert len(rows) == ROWS
    return [(_side(row[2::4], row[3::4]), _side(row[0::4], row[1::4])) for row in rows]


def _side(prices: list[str], sizes: list[str]) -> list[tuple[str, str]]:
    dollars = (plain(str(Decimal(price).scaleb(-4))) for price in prices)
    return list(zip(dollars, map(plain, sizes), strict=True))


async def subscribed(stack: Stack, symbol: str) -> Any:
    socket = await stack.ws("/ws/v1/market", "trader1")
    params = {"channel": "book", "symbols": [symbol]}
    await socket.send(msgspec.json.encode({"id": 1, "method": "subscribe", "params": params}).decode())
    while msgspec.json.decode(await socket.recv()).get("status") != "ok":
        pass
    return socket


async def seen(socket: Any, follower: Follower, count: int) -> list[Levels]:
    """The first `count` changes of the best levels, the state that the socket joined at included."""
    found: list[Levels] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(found) < count:
            for kind, row in book_rows(await socket.recv()):
                if (best := follower.take(row, kind)) not in found[-1:] and len(found) < count:
                    found.append(best)
    await socket.close()
    return found


async def test_the_socket_shows_every_recorded_book_and_no_other(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    expected = changes(recorded())
    for speed in SPEEDS:  # a hub that is late merges, as it may: then once more, slower
        stack = held(make_stack, tmp_path / "hold", replay=[data(HOUR)], speed=speed)
        follower, socket = Follower(), await subscribed(stack, "AAPL")
        (tmp_path / "hold").unlink()
        found = await seen(socket, follower, len(expected))
        stack.stop()
        if not follower.counts["merged"]:
            break
    tell(f"LOBSTER, {ROWS} rows of {LEVELS} levels on a socket", follower.counts)
    assert found == expected
