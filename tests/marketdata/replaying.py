"""Do engine, bridge, hub and clients agree on the books of a recording while it is played?"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import zmq

from bridge import books
from bridge.link.queries import QueryLink
from bridge.sockets.curve import KeyRing
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, InstrumentList, InstrumentListRequest
from tests.marketdata.rebuilding import Client
from tests.recordings import Event, Levels, tell
from tests.stack import Stack
from tradingmw.scaled import text_e8

DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.02
QUERY_TIMEOUT_MS = 5_000
SHARD = "0"
DEPTH = 10
PLAYER = "trader1"
STOPS = 3


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


class Played(NamedTuple):
    """What a client of whole books and one of the best levels saw, and how many checksums all parts had in common."""

    whole: Counter[str]
    best: Counter[str]
    checksums: int
    speed: float

    def tell(self, name: str) -> None:
        tell(f"{name} at speed {self.speed:g}, whole books on a socket", self.whole)
        tell(f"{name}, the best {DEPTH} levels", self.best)
        tell(f"{name}, the same at engine, bridge, hub and sockets", Counter(checksums=self.checksums))


async def replayed(
    make_stack: Callable[..., Stack],
    hold: Path,
    recording: Path,
    events: Mapping[str, Sequence[Event]],
    speeds: Sequence[float],
) -> Played:
    """`recording` on a stack of its own, seen by two clients.

    A hub that is late merges, as it may; then nobody saw every book, and the recording is played at the next speed.
    """
    for speed in speeds:
        stack = held(make_stack, hold, replay=[recording], speed=speed)
        replay = Replay(stack, hold, events)
        whole, best = await replay.follow(stops=STOPS)
        stack.stop()
        if not whole["merged"] + best["merged"]:
            break
    return Played(whole, best, replay.checksums, speed)
