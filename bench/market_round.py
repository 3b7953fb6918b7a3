"""How does an engine publish tens of thousands of quotes a second for next to nothing? It made them beforehand.

A round of quotes and the trades between them, encoded but for the time stamps, is told again and again. Those who read
it are measured, not a market in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from struct import Struct
from typing import NamedTuple

from bench.market_rows import LivingBook
from bridge.simulator.listings import Listing
from bridge.wire.envelope import Kind
from bridge.wire.market import HEAD, QUOTE, TRADE, Depth, Quote, Trade

UPDATES = 50_000
TIME = Struct("<q")
QUOTE_TIME, TRADE_TIME = 8, 16  #: where a row's time stamp begins
ROOT = (12, 6, 8, 4, 6, 4)  #: offsets before the count of rows, as every builder writes them
Row = tuple[bytes, bytes]  #: what comes before the time stamp and after it


class Update(NamedTuple):
    quote: Row
    trade: Row | None


class Recorder:
    """The tape of a round that is being made."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self._trade: Row | None = None

    def quote(self, _listing: Listing, row: Quote) -> None:
        self.updates.append(Update(cut(QUOTE.pack(*row), QUOTE_TIME), self._trade))
        self._trade = None

    def trade(self, _listing: Listing, row: Trade) -> None:
        self._trade = cut(TRADE.pack(*row), TRADE_TIME)

    def depth(self, _listing: Listing, rows: list[Depth]) -> None:
        raise NotImplementedError("A round has no books.")


class MarketRound:
    """The updates of `listings`, `count` of them until they begin again."""

    def __init__(self, listings: Sequence[Listing], random: Random, count: int = UPDATES) -> None:
        recorder = Recorder()
        books = [LivingBook(listing, random, recorder, depth=False) for listing in listings]
        self.opening = [book.snapshot() for book in books]
        for _ in range(count):
            books[int(random.random() * len(books))].update(0)
        self._updates, self._next = recorder.updates, 0

    def told(self, count: int, now_us: int) -> Iterator[tuple[Kind, bytes]]:
        """The next `count` updates as payloads, trades first, all of this moment."""
        updates = list(self._taken(count))
        if trades := [update.trade for update in updates if update.trade]:
            yield Kind.TRADES, payload(trades, now_us)
        if updates:
            yield Kind.QUOTES, payload([update.quote for update in updates], now_us)

    def _taken(self, count: int) -> Iterator[Update]:
        while count > 0:
            taken = self._updates[self._next : self._next + count]
            yield from taken
            count -= len(taken)
            self._next = (self._next + len(taken)) % len(self._updates)


def cut(row: bytes, at: int) -> Row:
    return row[:at], row[at + TIME.size :]


def payload(rows: Iterable[Row], now_us: int) -> bytes:
    """A batch of one kind."""
    between = TIME.pack(now_us)
    packed = [between.join(row) for row in rows]
    return HEAD.pack(*ROOT, len(packed)) + b"".join(packed)
