"""Batches leave numbered without holes, and heartbeats carry the last number."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.simulator.listings import Listing
from bridge.simulator.publisher import MOST_ROWS, Publisher
from bridge.wire.codec import decode_published
from bridge.wire.envelope import Kind, check
from bridge.wire.market import Depth, Quote, Trade, read_depth, read_quotes, read_trades
from bridge.wire.messages import EngineStatus
from bridge.wire.vocabulary import EngineState

LISTING = Listing(1, "AAA", "XNAS")
OTHER = Listing(2, "BBB", "XNAS", shard="1")
EPOCH = 77


class Sent:
    """A PUB socket that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Sequence[bytes]] = []

    def send_multipart(self, msg_parts: Sequence[bytes], flags: int = 0) -> None:
        self.messages.append(msg_parts)

    def numbers(self, topic: bytes) -> list[tuple[Kind, int, int]]:
        envelopes = [check(header, payload) for name, header, payload in self.messages if name == topic]
        return [(envelope.kind, envelope.epoch, envelope.seq) for envelope in envelopes]


def depth_row(number: int, *, last: bool = False) -> Depth:
    return Depth(1, 1, last, 5, number, 1)


def quote(identity: int = 1) -> Quote:
    return Quote(identity, 5, 10, 1, 12, 1, 11, 1, 1)


def test_a_flush_sends_one_numbered_message_a_kind() -> None:
    sent = Sent()
    publisher = Publisher(sent, EPOCH, [LISTING])
    publisher.depth(LISTING, [depth_row(1), depth_row(2, last=True)])
    publisher.trade(LISTING, Trade(1, 1, 1, 5, 10, 1))
    publisher.quote(LISTING, quote())
    publisher.quote(LISTING, quote())
    publisher.flush()
    publisher.flush()
    assert sent.numbers(b"md.0") == [(Kind.DEPTH, EPOCH, 1), (Kind.TRADES, EPOCH, 2), (Kind.QUOTES, EPOCH, 3)]
    payloads = [message[2] for message in sent.messages]
    assert [len(read_depth(payloads[0])), len(read_trades(payloads[1])), len(read_quotes(payloads[2]))] == [2, 1, 2]


def test_a_large_batch_is_cut_and_nothing_is_lost() -> None:
    sent = Sent()
    publisher = Publisher(sent, EPOCH, [LISTING])
    rows = [depth_row(number) for number in range(1, 2 * MOST_ROWS + 2)]
    publisher.depth(LISTING, rows)
    publisher.flush()
    assert [row for message in sent.messages for row in read_depth(message[2])] == rows
    assert publisher.last_seq("0") == 3


def test_topics_are_numbered_by_themselves() -> None:
    sent = Sent()
    publisher = Publisher(sent, EPOCH, [LISTING, OTHER])
    for _ in range(2):
        publisher.quote(LISTING, quote())
        publisher.flush()
    publisher.quote(OTHER, quote(2))
    publisher.flush()
    assert (publisher.last_seq("0"), publisher.last_seq("1"), publisher.last_seq("2")) == (2, 1, None)


def test_a_heartbeat_carries_each_topics_last_number_and_the_status() -> None:
    sent = Sent()
    publisher = Publisher(sent, EPOCH, [LISTING])
    publisher.quote(LISTING, quote())
    publisher.flush()
    publisher.heartbeat(9, EngineState.STOPPING)
    assert sent.numbers(b"md.0")[-1] == (Kind.MESSAGE, EPOCH, 1)
    status = decode_published(sent.messages[-1][1:])
    assert status == EngineStatus(epoch=EPOCH, state=EngineState.STOPPING, sent_at_us=9)
