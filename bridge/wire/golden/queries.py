"""The golden messages about the market: questions, their answers, and what is published beside the batches."""

from __future__ import annotations

from bridge.wire.golden.example import NOON_US, Example, Fields
from bridge.wire.messages import (
    Bar,
    BookSnapshot,
    BookSnapshotRequest,
    EngineStatus,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    InstrumentSnapshot,
    QueryReject,
    TopicHeartbeat,
)
from bridge.wire.vocabulary import EngineState, RejectCode

AAPL = Instrument(
    instrument_id=3,
    symbol="AAPL",
    exchange="XNAS",
    shard="0",
    description="Apple Inc.",
    tick_e8=10**6,
    lot_e8=10**8,
    previous_close_e8=186_90 * 10**6,
)
BOOK = InstrumentSnapshot(
    instrument_id=3,
    bids=[(187_24 * 10**6, 1000 * 10**8), (187_23 * 10**6, 400 * 10**8)],
    asks=[(187_26 * 10**6, 1200 * 10**8)],
    last_e8=187_25 * 10**6,
    last_size_e8=10 * 10**8,
    volume_e8=52_000 * 10**8,
    turnover_e4=9_737_000 * 10**4,
    high_e8=188 * 10**8,
    low_e8=186 * 10**8,
    ts_us=NOON_US,
)


def queries() -> list[Example]:
    snapshot: Fields = {"request_id": 9, "epoch": 12, "shard": "0", "seq": 88_001}
    refusal: Fields = {"code": RejectCode.MALFORMED, "reason": "CHECKSUM: the payload was changed"}
    return [
        Example("instrument-list-request", "query", InstrumentListRequest(request_id=8)),
        Example("instrument-list", "query_reply", InstrumentList(request_id=8, epoch=12, instruments=[AAPL])),
        Example("book-snapshot-request", "query", BookSnapshotRequest(request_id=9, shard="0")),
        Example("book-snapshot", "query_reply", BookSnapshot(**snapshot, instruments=[BOOK])),
        Example("book-snapshot-empty", "query_reply", BookSnapshot(**snapshot, instruments=[])),
        Example("query-reject", "query_reply", QueryReject(request_id=0, **refusal)),
    ]


def published() -> list[Example]:
    status = EngineStatus(epoch=12, state=EngineState.OPEN, sent_at_us=NOON_US)
    prices: Fields = {"open_e8": 187 * 10**8, "high_e8": 188 * 10**8, "low_e8": 186 * 10**8, "close_e8": 187_25 * 10**6}
    bar = Bar(instrument_id=3, symbol="AAPL", epoch=12, start_us=NOON_US, volume_e8=900 * 10**8, **prices)
    return [
        Example("topic-heartbeat", "published", TopicHeartbeat(sent_at_us=NOON_US), epoch=12, seq=88_001),
        Example("engine-status", "published", status, epoch=12),
        Example("bar", "bar", bar),
    ]
