"""Does a client rebuild from a socket the books that were recorded, and do engine, bridge, hub and client agree?"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import zmq

from bridge import books
from bridge.link.queries import QueryLink
from bridge.sockets.curve import KeyRing
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, InstrumentList, InstrumentListRequest
from tests.recordings import Book, Event, Level, Levels
from tests.stack import Stack
from tradingmw.scaled import text_e8

DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.02
QUERY_TIMEOUT_MS = 5_000
SHARD = "0"
DEPTH = 10
PLAYER = "trader1"
STOPS = 3


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


class EngineBooks:
    """The engine's own books by symbol, asked for as a feed bridge does."""

    def __init__(self, stack: Stack) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._link = QueryLink(self._context, KeyRing(stack.data_dir / "keys"), stack.addresses["engine_queries"])
        self._numbers = itertools.count(1)
        table = self._link.ask(InstrumentListRequest(request_id=next(self._numbers)), QUERY_TIMEOUT_MS)
        assert isinstance(table, InstrumentList)
        self._symbols = {row.instrument_id: row.symbol for row in table.instruments}

    def __call__(self) -> dict[str, books.Book]:
        request = BookSnapshotRequest(request_id=next(self._numbers), shard=SHARD)
        snapshot = self._link.ask(request, QUERY_TIMEOUT_MS)
        assert isinstance(snapshot, BookSnapshot)
        found = {}
        for one in snapshot.instruments:
            found[self._symbols[one.instrument_id]] = book = books.Book()
            book.load(one.bids, one.asks)
        return found

    def close(self) -> None:
        self._link.close()
        self._context.term()


def texts(book: books.Book, depth: int | None = None) -> Levels:
    """The levels as items write them."""
    bids, asks = (
        [(text_e8(price), text_e8(size)) for price, size in side.top(depth)] for side in (book.bids, book.asks)
    )
    return bids, asks


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


class Replay:
    """A stack whose market stands still while `hold` exists, and the recordings that it replays once."""

    def __init__(self, stack: Stack, hold: Path, events: Mapping[str, Sequence[Event]]) -> None:
        self.checksums = 0  #: that engine, bridge, hub and both clients had in common
        self._stack, self._hold, self._events = stack, hold, events
        self._changes = sum(event.changes for of_symbol in events.values() for event in of_symbol[1:])

    async def follow(self, *, stops: int) -> tuple[Counter[str], Counter[str]]:
        """Plays it all with so many stops on the way; what two clients saw, of whole books and of the best levels."""
        with contextlib.closing(EngineBooks(self._stack)) as engine:
            async with self._client() as whole, self._client(DEPTH) as best:
                await until(lambda: whole.begun and best.begun)
                await self._agree(engine, whole, best)
                for stop in range(1, stops + 2):
                    self._hold.unlink()
                    await until(partial(self._reached, whole, self._changes * stop // (stops + 1)))
                    self._hold.touch()
                    await self._agree(engine, whole, best)
        return whole.total(), best.total()

    @staticmethod
    def _reached(client: Client, passed: int) -> bool:
        return client.passed >= passed

    @contextlib.asynccontextmanager
    async def _client(self, depth: int | None = None) -> AsyncIterator[Client]:
        async with self._stack.ws("/ws/v1/market", PLAYER) as socket, asyncio.TaskGroup() as tasks:
            client = Client(socket, self._events, depth)
            running = tasks.create_task(client.run())
            yield client
            running.cancel()

    async def _agree(self, engine: EngineBooks, *clients: Client) -> None:
        """At a standstill all levels are the same at the engine and the clients, and one checksum holds everywhere."""
        own = await self._standstill(engine, *clients)
        with self._stack.client(PLAYER) as rest:
            for symbol, book in own.items():
                hub = rest.get(f"/books/{symbol}", params={"depth": DEPTH}).raise_for_status().json()["checksum"]
                followed = [client.rebuilt[symbol] for client in clients]
                bridge = [one.last.checksum for one in followed if one.last]
                assert {book.checksum(), hub, *bridge} == {one.book.checksum for one in followed}
                self.checksums += 1

    async def _standstill(self, engine: EngineBooks, *clients: Client) -> dict[str, books.Book]:
        """The engine's books, once two answers are the same and the clients have what they have."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                before = {symbol: texts(book) for symbol, book in engine().items()}
                await asyncio.sleep(POLL_SECONDS)
                shown = [client.take() for client in clients]
                own = engine()
                wanted = [{symbol: texts(book, one.depth) for symbol, book in own.items()} for one in clients]
                if shown == wanted and before == {symbol: texts(book) for symbol, book in own.items()}:
                    return own


def held(make_stack: Callable[..., Stack], hold: Path, **flags: Any) -> Stack:
    """A stack whose market stands still until `hold` is gone, and plays once."""
    hold.touch()
    return make_stack(hold_file=hold, no_loop=True, **flags)


async def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "the recording did not come to its end"
        await asyncio.sleep(POLL_SECONDS)


async def replayed(
    make_stack: Callable[..., Stack],
    hold: Path,
    recording: Path,
    events: Mapping[str, Sequence[Event]],
    speeds: Sequence[float],
) -> tuple[Counter[str], Counter[str], int]:
    """What a client of whole books and one of the best levels saw of `recording`, and how many checksums all shared.

    A hub that is late merges, as it may; then nobody saw every book, and the recording is played at the next speed.
    """
    for speed in speeds:
        stack = held(make_stack, hold, replay=[recording], speed=speed)
        replay = Replay(stack, hold, events)
        whole, best = await replay.follow(stops=STOPS)
        stack.stop()
        if not whole["merged"] + best["merged"]:
            break
    return whole, best, replay.checksums
