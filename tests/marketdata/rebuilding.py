"""Does a client rebuild from a socket the books that were recorded?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tests.recordings import Book, Event, Level, Levels


class Row(msgspec.Struct, rename="camel"):
    """A book item, as far as a client needs it."""

    symbol: str
    epoch: int
    seq: int
    prev_seq: int
    bids: list[Level]
    asks: list[Level]
    checksum: int
    skipped: int = 0


class Push(msgspec.Struct):
    channel: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


read_push = msgspec.json.Decoder(Push).decode
read_rows = msgspec.json.Decoder(list[Row]).decode


def book_rows(frame: str | bytes) -> list[tuple[str, Row]]:
    """The book items of a frame, each with `snapshot` or `update`."""
    push = read_push(frame)
    return [(push.type, row) for row in read_rows(push.data)] if push.channel == "book" else []


class Rebuilt:
    """One instrument as a client follows it, whole or down to a depth, held to its recording at every event.

    `counts`: events (after the snapshot) after which the client's book was the recorded one, items, told (events after
    which the exchange named its best prices), confirmed (they are ours), and merged: events that the hub, being late,
    told together with a later one, so that nobody saw the book between them.
    """

    def __init__(self, events: Iterable[Event], depth: int | None = None) -> None:
        self.book = Book()
        self.counts: Counter[str] = Counter()
        self.last: Row | None = None
        self._events = iter(events)
        self._depth = depth

    def take(self, row: Row, kind: str) -> None:
        """The next item: what it leaves is the book after the recorded event of its number."""
        if self.last is None:
            assert kind == "snapshot"
            opening = next(self._events)
        else:
            assert (row.epoch, row.prev_seq, row.skipped) == (
                self.last.epoch,
                self.last.seq,
                row.seq - row.prev_seq - 1,
            )
            for _ in range(row.skipped):
                self._stay(self._next_change())
        event = opening if self.last is None else self._next_change()
        if kind == "snapshot":
            self.book = Book()
        self.book.take(row.bids, row.asks)
        assert self._depth or row.skipped or (row.bids, row.asks) == event.changed
        assert row.checksum == self.book.checksum == event.checksum
        if self.last is not None:
            self.counts["items"] += 1
            self._compare(event)
        self.last = row

    def finish(self) -> None:
        """The events that are left changed nothing here."""
        for event in self._events:
            self._stay(event)

    def _next_change(self) -> Event:
        for event in self._events:
            if event.changes:
                return event
            self._stay(event)
        raise AssertionError("an item that no recorded event explains")

    def _stay(self, event: Event) -> None:
        """An event without an item: nothing of what is shown here changed, or the hub was late."""
        if (event.changes and not self._depth) or event.checksum != self.book.checksum:
            self.counts["merged"] += 1
        else:
            self._compare(event)

    def _compare(self, event: Event) -> None:
        assert self.book.top == event.top
        self.counts.update(events=1, told=event.told is not None, confirmed=event.confirmed)


class Client:
    """One socket on books. It keeps up: items are kept as they come and compared when the market stands still."""

    def __init__(self, socket: Any, events: Mapping[str, Sequence[Event]], depth: int | None = None) -> None:
        self.rebuilt = {symbol: Rebuilt(of_symbol, depth) for symbol, of_symbol in events.items()}
        self.depth = depth
        self.numbers: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._socket = socket
        self._waiting: list[tuple[str, Row]] = []

    @property
    def passed(self) -> int:
        """How many book events have been told of, since the snapshots."""
        return sum(self.numbers[symbol] - first for symbol, first in self._first.items())

    @property
    def begun(self) -> bool:
        return self._first.keys() == self.rebuilt.keys()

    async def run(self) -> None:
        """Subscribes and reads until cancelled."""
        params = {"channel": "book", "symbols": list(self.rebuilt), "depth": self.depth}
        await self._socket.send(msgspec.json.encode({"id": 1, "method": "subscribe", "params": params}).decode())
        async for frame in self._socket:
            for kind, row in book_rows(frame):
                self._first.setdefault(row.symbol, row.seq)
                self.numbers[row.symbol] = row.seq
                self._waiting.append((kind, row))

    def take(self) -> dict[str, Levels]:
        """Compares what has come; the books as they are now."""
        waiting, self._waiting = self._waiting, []
        for kind, row in waiting:
            self.rebuilt[row.symbol].take(row, kind)
        return {symbol: rebuilt.book.best() for symbol, rebuilt in self.rebuilt.items()}

    def total(self) -> Counter[str]:
        """All is told; what was compared, over all instruments."""
        for rebuilt in self.rebuilt.values():
            rebuilt.finish()
        return sum((rebuilt.counts for rebuilt in self.rebuilt.values()), Counter[str]())
