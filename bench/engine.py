"""Which engine feeds this project in the fan-out bench? One that only publishes, over the real link.

    python -m bench.engine --keys DIR --market-data ADDRESS --commands … --queries … --work … --rate 1000 --symbols 200

The development engine (`manage.py engine`) matches orders in Python and would itself take much of the machine that is
being measured. This one speaks the same link with the same codecs, keys and sockets: batches of quotes, trades and, if
wanted, book changes, snapshots, sessions; orders it refuses. The feed begins at the first line on standard input; each
further one is answered with how much was sent; it ends with standard input.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import zmq

from bench.market_rows import LivingBook, listings
from bench.source import read_lines, say
from bridge.simulator.publisher import Publisher
from bridge.simulator.sockets import EngineAddresses, EngineSockets
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import decode_query, decode_to_engine, encode
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    BookSnapshot,
    BookSnapshotRequest,
    Command,
    CommandReply,
    EngineHeartbeat,
    FromEngine,
    Hello,
    InstrumentList,
    OrderStatus,
    OrderStatusRequest,
    QueryReply,
    ReplayDone,
    ReplayRequest,
    Welcome,
)
from bridge.wire.vocabulary import EngineState, RejectCode, ReplyOutcome

BATCH_MS = 1  #: as the development engine under load
HEARTBEAT_SECONDS = 1.0
MOST_MESSAGES = 64  #: of a socket in one pass
MOST_UPDATES = 2_000  #: in one pass: whoever is behind catches up in several


def now_us() -> int:
    return time.time_ns() // 1000


class Feed:
    """`rate` updates a second over all books, from `begin()` on."""

    def __init__(self, books: Sequence[LivingBook], random: Random, rate: float) -> None:
        self._books, self._random, self._rate = books, random, rate
        self._began = 0.0
        self._sent = 0

    def advance(self) -> None:
        """Publish what is due, stamped now."""
        self._began = self._began or time.monotonic()
        due = int((time.monotonic() - self._began) * self._rate)
        for _ in range(min(due - self._sent, MOST_UPDATES)):
            self._books[int(self._random.random() * len(self._books))].update(now_us())
            self._sent += 1

    @property
    def per_second(self) -> float:
        """Since it began; any thread."""
        return self._sent / (time.monotonic() - self._began) if self._began else 0.0


class SessionDesk:
    """The command socket's side: the newest session is welcomed and kept alive, its orders are refused."""

    def __init__(self, socket: zmq.Socket[bytes], epoch: int) -> None:
        self._socket, self._epoch = socket, epoch
        self._identity, self._session = b"", 0

    def take(self, frames: Sequence[bytes]) -> None:
        message = decode_to_engine(frames[1:])
        if isinstance(message, Hello):
            self._identity, self._session = frames[0], message.session
            self._send(self._welcome(message))
        elif isinstance(message, ReplayRequest):
            self._send(ReplayDone(session=message.session, epoch=self._epoch, last_seq=0, complete=True))
        elif isinstance(message, OrderStatusRequest):
            self._send(self._unknown(message))
        elif isinstance(message, Command):
            self._send(self._refused(message))

    def heartbeat(self) -> None:
        if self._identity:
            self._send(EngineHeartbeat(session=self._session, epoch=self._epoch, last_seq=0, sent_at_us=now_us()))

    def _welcome(self, hello: Hello) -> Welcome:
        session, version = hello.session, PROTOCOL_VERSION
        return Welcome(protocol_version=version, session=session, epoch=self._epoch, last_seq=0, sent_at_us=now_us())

    def _unknown(self, request: OrderStatusRequest) -> OrderStatus:
        return OrderStatus(
            session=request.session,
            command_seq=request.command_seq,
            order_id=request.order_id,
            known=False,
            epoch=self._epoch,
            last_seq=0,
            sent_at_us=now_us(),
        )

    def _refused(self, command: Command) -> CommandReply:
        return CommandReply(
            session=command.session,
            command_seq=command.command_seq,
            outcome=ReplyOutcome.REJECTED,
            code=RejectCode.MARKET_CLOSED,
            reason="The engine of the fan-out bench takes no orders.",
            epoch=self._epoch,
            last_seq=0,
            received_at_us=now_us(),
            sent_at_us=now_us(),
        )

    def _send(self, message: FromEngine) -> None:
        self._socket.send_multipart([self._identity, *encode(message)], zmq.NOBLOCK)


class FeedEngine:
    """One life of it, in one thread."""

    def __init__(
        self, keys: Path, addresses: EngineAddresses, *, symbols: int, seed: int, rate: float, books: bool = True
    ) -> None:
        self.epoch, random = now_us(), Random(seed)
        self._sockets = EngineSockets(KeyRing(keys))
        self._listings = listings(symbols)
        self._publisher = Publisher(self._sockets.market_data, self.epoch, self._listings)
        self._books = [LivingBook(listing, random, self._publisher, depth=books) for listing in self._listings]
        self.feed = Feed(self._books, random, rate)
        self._desk = SessionDesk(self._sockets.commands, self.epoch)
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
            self._publisher.flush()
            self._beat_if_due()

    def answer(self, frames: Sequence[bytes]) -> QueryReply:
        """The instrument table, or every book as of the last number given."""
        query = decode_query(frames)
        if not isinstance(query, BookSnapshotRequest):
            rows = [listing.instrument() for listing in self._listings]
            return InstrumentList(request_id=query.request_id, epoch=self.epoch, instruments=rows)
        self._publisher.flush()
        return BookSnapshot(
            request_id=query.request_id,
            epoch=self.epoch,
            shard=query.shard,
            seq=self._publisher.last_seq(query.shard) or 0,
            instruments=[book.snapshot() for book in self._books],
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
