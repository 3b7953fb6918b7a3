"""Which engine stands behind this project in the benches? One that publishes and accepts, over the real link.

    python -m bench.engine --keys DIR --market-data ADDRESS --commands … --queries … --work … --rate 1000 --symbols 200

The development engine (`manage.py engine`) matches orders in Python and would itself take much of the machine that is
being measured. This one speaks the same link with the same codecs, keys and sockets: batches of quotes, trades and, if
wanted, book changes, snapshots, sessions; every order it accepts (`bench.order_desk`). The feed begins at the first
line on standard input; each further one is answered with how much was sent; it ends with standard input.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Protocol

from bench.market_round import MarketRound
from bench.market_rows import LivingBook, listings
from bench.order_desk import OrderDesk, now_us
from bench.source import read_lines, say
from bridge.simulator.listings import Listing
from bridge.simulator.publisher import Publisher
from bridge.simulator.sockets import EngineAddresses, EngineSockets
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import decode_query, encode
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, InstrumentList, InstrumentSnapshot, QueryReply
from bridge.wire.vocabulary import EngineState

BATCH_MS = 1  #: as the development engine under load
HEARTBEAT_SECONDS = 1.0
MOST_MESSAGES = 64  #: of a socket in one pass
MOST_UPDATES = 2_000  #: in one pass: whoever is behind catches up in several


class Market(Protocol):
    """What moves."""

    def advance(self, updates: int) -> None:
        """Publish so many updates, stamped now."""

    def snapshots(self) -> list[InstrumentSnapshot]:
        """All instruments, as of the last number given."""


class QuotesOnly:
    """A round of quotes and trades, made beforehand."""

    def __init__(self, listed: Sequence[Listing], publisher: Publisher, random: Random) -> None:
        self._publisher, self._shard = publisher, listed[0].shard
        self._round = MarketRound(listed, random)

    def advance(self, updates: int) -> None:
        for kind, payload in self._round.told(updates, now_us()):
            self._publisher.batch(self._shard, kind, payload)

    def snapshots(self) -> list[InstrumentSnapshot]:
        return self._round.opening


class WithBooks:
    """Books that live."""

    def __init__(self, listed: Sequence[Listing], publisher: Publisher, random: Random) -> None:
        self._publisher, self._random = publisher, random
        self._books = [LivingBook(listing, random, publisher) for listing in listed]

    def advance(self, updates: int) -> None:
        for _ in range(updates):
            self._books[int(self._random.random() * len(self._books))].update(now_us())
        self._publisher.flush()

    def snapshots(self) -> list[InstrumentSnapshot]:
        return [book.snapshot() for book in self._books]


class Feed:
    """`rate` updates of `market` a second, from the first `advance()` on."""

    def __init__(self, market: Market, rate: float) -> None:
        self._market, self._rate = market, rate
        self._began = 0.0
        self._sent = 0

    def advance(self) -> None:
        """Publish what is due."""
        self._began = self._began or time.monotonic()
        due = min(int((time.monotonic() - self._began) * self._rate) - self._sent, MOST_UPDATES)
        self._market.advance(due)
        self._sent += due

    @property
    def per_second(self) -> float:
        """Since it began; any thread."""
        return self._sent / (time.monotonic() - self._began) if self._began else 0.0


class FeedEngine:
    """One life of it, in one thread."""

    def __init__(
        self, keys: Path, addresses: EngineAddresses, *, symbols: int, seed: int, rate: float, books: bool = True
    ) -> None:
        self.epoch, random = now_us(), Random(seed)
        self._sockets = EngineSockets(KeyRing(keys))
        self._listings = listings(symbols)
        self._publisher = Publisher(self._sockets.market_data, self.epoch, self._listings)
        kind = WithBooks if books else QuotesOnly
        self._market: Market = kind(self._listings, self._publisher, random)
        self.feed = Feed(self._market, rate)
        by_id = {row.instrument_id: row.symbol for row in (listing.instrument() for listing in self._listings)}
        self._desk = OrderDesk(self._sockets.commands, self.epoch, by_id)
        self._beat_at = 0.0
        self._sockets.bind(addresses)

    def run(self, go: threading.Event, stop: threading.Event) -> None:
        """Serve until `stop`; the market moves from `go` on."""
        while not stop.is_set():
            readable = self._sockets.readable(BATCH_MS)
            if self._sockets.commands in readable:
                for frames in self._sockets.waiting(self._sockets.commands, MOST_MESSAGES):
                    self._desk.take(frames)
            if self._sockets.queries in readable:
                for frames in self._sockets.waiting(self._sockets.queries, MOST_MESSAGES):
                    self._sockets.queries.send_multipart(encode(self.answer(frames)))
            if go.is_set():
                self.feed.advance()
            self._beat_if_due()

    def answer(self, frames: Sequence[bytes]) -> QueryReply:
        """The instrument table, or every book as of the last number given."""
        query = decode_query(frames)
        if not isinstance(query, BookSnapshotRequest):
            rows = [listing.instrument() for listing in self._listings]
            return InstrumentList(request_id=query.request_id, epoch=self.epoch, instruments=rows)
        return BookSnapshot(
            request_id=query.request_id,
            epoch=self.epoch,
            shard=query.shard,
            seq=self._publisher.last_seq(query.shard) or 0,
            instruments=self._market.snapshots(),
        )

    def close(self) -> None:
        self._sockets.close()

    def _beat_if_due(self) -> None:
        if time.monotonic() - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = time.monotonic()
            self._desk.heartbeat()
            self._publisher.heartbeat(now_us(), EngineState.OPEN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=Path, required=True)
    for name in EngineAddresses._fields:
        parser.add_argument(f"--{name.replace('_', '-')}", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--books", action="store_true", help="book changes as well as quotes and trades")
    args = parser.parse_args()
    addresses = EngineAddresses(*(getattr(args, name) for name in EngineAddresses._fields))
    go, stop = threading.Event(), threading.Event()
    market = {"symbols": args.symbols, "seed": args.seed, "rate": args.rate, "books": args.books}
    engine = FeedEngine(args.keys, addresses, **market)
    threading.Thread(target=read_lines, args=(engine.feed, go, stop), daemon=True).start()
    say(event="bound")
    try:
        engine.run(go, stop)
    finally:
        engine.close()


if __name__ == "__main__":
    main()
