"""Does the bench's engine speak the link as a real one does?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq

from bench.engine import FeedEngine
from bench.order_desk import now_us
from bridge.books import Book
from bridge.link.commands import CommandLink
from bridge.link.feed import FeedLink
from bridge.link.queries import QueryLink
from bridge.link.states import LinkState
from bridge.simulator.board import BID
from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.curve import KeyRing, make_keys
from bridge.wire.envelope import Kind
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, InstrumentList, InstrumentListRequest, ReplayRequest
from bridge.wire.sequence import Verdict
from tests.stack import wait_for
from tradingmw.supervisor.addresses import Ports

SECONDS = 20.0
RATE = 2_000.0
WANTED = 300
TIMEOUT_MS = 5_000


class Running:
    """An engine in a thread of its own; `go` starts its feed."""

    def __init__(self, directory: Path, addresses: EngineAddresses) -> None:
        self.go, self.stop = threading.Event(), threading.Event()
        self.addresses, self.keys = addresses, directory / "keys"
        make_keys(self.keys)
        self.keyring = KeyRing(self.keys)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with closing(FeedEngine(self.keys, self.addresses, symbols=3, seed=1, rate=RATE)) as engine:
            engine.run(self.go, self.stop)

    def end(self) -> None:
        self.stop.set()
        self._thread.join(SECONDS)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with closing(Ports()) as ports:
        running = Running(tmp_path, EngineAddresses(*(f"tcp://127.0.0.1:{ports.choose()}" for _ in range(4))))
        try:
            yield running
        finally:
            running.end()


@contextmanager
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        yield made
    finally:
        made.term()


class Reader:
    """A feed bridge's reading of the topic: books from a snapshot and the levels told since."""

    def __init__(self, link: FeedLink, opening: BookSnapshot) -> None:
        self._link, self._after = link, opening.seq
        self.quotes = 0
        self.verdicts: set[Verdict] = set()
        self.books = {row.instrument_id: Book() for row in opening.instruments}
        for row in opening.instruments:
            self.books[row.instrument_id].load(row.bids, row.asks)

    def read(self) -> int:
        """How many quotes have come so far."""
        for message in self._link.receive(100):
            if message.published is None and message.envelope.seq > self._after:
                self.verdicts.add(message.verdict)
                self._take(message.envelope.kind, message.rows)
        return self.quotes

    def _take(self, kind: Kind, rows: list[Any]) -> None:
        if kind is Kind.DEPTH:
            for row in rows:
                book = self.books[row.instrument_id]
                (book.bids if row.side == BID else book.asks).set(row.price_e8, row.size_e8)
        elif kind is Kind.QUOTES:
            self.quotes += len(rows)
            last = {quote.instrument_id: quote for quote in rows}
            for quote in last.values():
                book = self.books[quote.instrument_id]
                assert book.bids.top(1) == [(quote.bid_e8, quote.bid_size_e8)]
                assert book.asks.top(1) == [(quote.ask_e8, quote.ask_size_e8)]


def test_what_it_publishes_follows_its_snapshot_without_a_gap(engine: Running) -> None:
    with context() as made, closing(QueryLink(made, engine.keyring, engine.addresses.queries)) as queries:
        table = queries.ask(InstrumentListRequest(request_id=1), TIMEOUT_MS)
        assert isinstance(table, InstrumentList)
        assert [row.symbol for row in table.instruments] == ["SYM001", "SYM002", "SYM003"]
        with closing(FeedLink(made, engine.keyring, engine.addresses.market_data, ["md.0"])) as link:
            wait_for(lambda: link.receive(1), SECONDS, "a heartbeat")
            opening = queries.ask(BookSnapshotRequest(request_id=2, shard="0"), TIMEOUT_MS)
            assert isinstance(opening, BookSnapshot)
            engine.go.set()
            reader = Reader(link, opening)
            wait_for(lambda: reader.read() >= WANTED, SECONDS, f"{WANTED} quotes")
            assert reader.verdicts == {Verdict.NEXT}


def test_a_session_is_welcomed_and_kept_alive(engine: Running) -> None:
    with (
        context() as made,
        closing(CommandLink(made, engine.keyring, engine.addresses.commands, session=1, clock_us=now_us)) as link,
    ):
        link.start(0, 0)
        said: list[str] = []

        def hear() -> bool:
            link.on_tick()
            said.extend(type(message).__name__ for message in link.on_readable())
            return link.state is LinkState.SYNCING

        wait_for(hear, SECONDS, "the welcome")
        assert link.send(ReplayRequest(session=1, epoch=0, after_seq=0))
        wait_for(lambda: hear() and {"ReplayDone", "EngineHeartbeat"} <= {*said}, SECONDS, "the replay's end")
