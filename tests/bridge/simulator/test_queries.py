"""Snapshots agree with the numbers on the topic; broken questions are answered too."""

from __future__ import annotations

import pytest

from bridge.simulator.exchange import Exchange
from bridge.simulator.publisher import Publisher
from bridge.simulator.queries import QueryDesk
from bridge.wire.codec import decode_query_reply, encode
from bridge.wire.messages import (
    BookSnapshot,
    BookSnapshotRequest,
    Hello,
    InstrumentList,
    InstrumentListRequest,
    QueryReject,
    QueryReply,
)
from bridge.wire.vocabulary import RejectCode
from tests.bridge.simulator.room import E8, LISTINGS, QuietMarket, ask, bid
from tests.bridge.simulator.test_publisher import EPOCH, Sent

CENT = 1_000_000


class Asked:
    """A query desk over a quiet market that publishes."""

    def __init__(self) -> None:
        self.publisher = Publisher(Sent(), EPOCH, LISTINGS)
        self.exchange = Exchange(QuietMarket(), self.publisher)
        self.desk = QueryDesk(self.exchange, self.publisher, EPOCH)

    def ask(self, *frames: bytes) -> QueryReply:
        return decode_query_reply(self.desk.answer(frames))


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_the_instrument_table_lists_every_instrument(asked: Asked) -> None:
    reply = asked.ask(*encode(InstrumentListRequest(request_id=5)))
    assert isinstance(reply, InstrumentList)
    assert (reply.request_id, reply.epoch) == (5, EPOCH)
    assert [(row.instrument_id, row.symbol, row.tick_e8) for row in reply.instruments] == [
        (1, "AAA", CENT),
        (2, "BBB", CENT),
    ]


def test_a_snapshot_is_the_state_after_the_number_it_names(asked: Asked) -> None:
    asked.exchange.boards[1].act((bid("b", 99, 10), ask("a", 101, 5)), 3)
    reply = asked.ask(*encode(BookSnapshotRequest(request_id=6, shard="0")))
    assert isinstance(reply, BookSnapshot)
    assert reply.seq == asked.publisher.last_seq("0") == 2
    first = reply.instruments[0]
    assert (first.bids, first.asks) == ([(99 * CENT, 10 * E8)], [(101 * CENT, 5 * E8)])


def test_an_unknown_shard_is_refused(asked: Asked) -> None:
    reply = asked.ask(*encode(BookSnapshotRequest(request_id=6, shard="9")))
    assert isinstance(reply, QueryReject)
    assert (reply.request_id, reply.code) == (6, RejectCode.UNKNOWN_INSTRUMENT)


@pytest.mark.parametrize(
    "frames",
    [
        (),
        (b"",),
        (b"x" * 32, b"y"),
        tuple(encode(Hello(protocol_version=1, session=1, last_epoch=0, last_seq=0, sent_at_us=0))),
    ],
)
def test_a_broken_question_is_answered_and_counted(asked: Asked, frames: tuple[bytes, ...]) -> None:
    reply = asked.ask(*frames)
    assert isinstance(reply, QueryReject)
    assert reply.code is RejectCode.MALFORMED
    assert asked.desk.faults.total() == 1
