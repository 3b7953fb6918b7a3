"""How does market data leave: in which batches, under which numbers?

What a pass of the server shows is collected per topic and leaves at its end as one message per kind, numbered from 1 in
each (epoch, topic). PUB drops for a subscriber that is slow: the numbers, and the last one in each second's heartbeat,
let it notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from bridge.simulator.listings import Listing
from bridge.wire.codec import encode, encode_numbered
from bridge.wire.envelope import Kind, seal
from bridge.wire.market import Depth, Quote, Trade, encode_depth, encode_quotes, encode_trades
from bridge.wire.messages import EngineStatus, TopicHeartbeat
from bridge.wire.vocabulary import EngineState

STATUS_TOPIC = b"status"
MOST_ROWS = 8_192  #: a message stays below a megabyte
Row = TypeVar("Row", Quote, Trade, Depth)


class Sender(Protocol):
    """A PUB socket, as far as it is used."""

    def send_multipart(self, msg_parts: Sequence[bytes], flags: int = 0) -> object: ...


class Topic:
    """One market-data topic: what waits to be sent, and the last number given."""

    def __init__(self, shard: str) -> None:
        self.name = f"md.{shard}".encode("ascii")
        self.seq = 0
        self.quotes: list[Quote] = []
        self.trades: list[Trade] = []
        self.depth: list[Depth] = []

    def batches(self) -> Iterable[tuple[Kind, bytes]]:
        """What waits, encoded; nothing waits any more."""
        for rows in _slices(self.depth):
            yield Kind.DEPTH, encode_depth(rows)
        for trades in _slices(self.trades):
            yield Kind.TRADES, encode_trades(trades)
        for quotes in _slices(self.quotes):
            yield Kind.QUOTES, encode_quotes(quotes)
        self.depth, self.trades, self.quotes = [], [], []


class Publisher:
    """The tape that ends at the PUB socket."""

    def __init__(self, socket: Sender, epoch: int, listings: Iterable[Listing]) -> None:
        self._socket = socket
        self._epoch = epoch
        self._topics = {listing.shard: Topic(listing.shard) for listing in listings}

    def quote(self, listing: Listing, row: Quote) -> None:
        self._topics[listing.shard].quotes.append(row)

    def trade(self, listing: Listing, row: Trade) -> None:
        self._topics[listing.shard].trades.append(row)

    def depth(self, listing: Listing, rows: list[Depth]) -> None:
        self._topics[listing.shard].depth += rows

    def flush(self) -> None:
        """Send what was collected."""
        for topic in self._topics.values():
            for kind, payload in topic.batches():
                self._send(topic, kind, payload)

    def batch(self, shard: str, kind: Kind, payload: bytes) -> None:
        """Send a batch that is encoded already; whatever was collected before must have been sent."""
        self._send(self._topics[shard], kind, payload)

    def _send(self, topic: Topic, kind: Kind, payload: bytes) -> None:
        topic.seq += 1
        header = seal(kind, payload, epoch=self._epoch, seq=topic.seq)
        self._socket.send_multipart([topic.name, header, payload])

    def last_seq(self, shard: str) -> int | None:
        """The last number of the shard's topic; None where there is no such shard."""
        topic = self._topics.get(shard)
        return topic.seq if topic else None

    def heartbeat(self, now_us: int, state: EngineState) -> None:
        """Each topic's last number, and the engine's state."""
        for topic in self._topics.values():
            frames = encode_numbered(TopicHeartbeat(sent_at_us=now_us), self._epoch, topic.seq)
            self._socket.send_multipart([topic.name, *frames])
        status = EngineStatus(epoch=self._epoch, state=state, sent_at_us=now_us)
        self._socket.send_multipart([STATUS_TOPIC, *encode(status)])


def _slices(rows: list[Row]) -> Iterable[list[Row]]:
    return (rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS))
