"""One example or more of every message, as its sender would build it."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from bridge.wire.limits import INT64_MAX
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    Bar,
    BookSnapshot,
    BookSnapshotRequest,
    CancelOrder,
    ClientHeartbeat,
    CommandReply,
    EngineHeartbeat,
    EngineStatus,
    ExecutionReport,
    Hello,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    InstrumentSnapshot,
    MassCancel,
    Message,
    NewOrder,
    OpenOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
    QueryReject,
    ReplaceOrder,
    ReplayDone,
    ReplayRequest,
    SessionReject,
    TopicHeartbeat,
    Welcome,
)
from bridge.wire.vocabulary import (
    EngineOrderStatus,
    EngineState,
    ExecType,
    MassCancelScope,
    OrderType,
    RejectCode,
    ReplyOutcome,
    Side,
    TimeInForce,
)

Fields = dict[str, Any]
NOON_US = 1_767_614_400_000_000  #: 2026-01-05 12:00:00 UTC
ORDER: Fields = {
    "order_id": UUID("018f4e7a-1c2d-7e3f-8a4b-5c6d7e8f9a0b"),
    "account": "acc-1",
    "client_order_id": "web:7.A_b-1",
}
COMMAND: Fields = {"session": 7, "command_seq": 42, "deadline_us": NOON_US + 2_000_000}
LIMIT: Fields = {
    **COMMAND,
    **ORDER,
    "instrument_id": 3,
    "side": Side.BUY,
    "order_type": OrderType.LIMIT,
    "time_in_force": TimeInForce.DAY,
    "quantity_e8": 100 * 10**8,
    "price_e8": 187_25 * 10**6,
}
REPORT: Fields = {
    **ORDER,
    "epoch": 12,
    "seq": 3001,
    "exec_id": "12-3001",
    "exec_type": ExecType.NEW,
    "status": EngineOrderStatus.NEW,
    "external_order_id": "E12-77",
    "instrument_id": 3,
    "symbol": "AAPL",
    "side": Side.BUY,
    "quantity_e8": 100 * 10**8,
    "cum_quantity_e8": 0,
    "leaves_quantity_e8": 100 * 10**8,
    "price_e8": 187_25 * 10**6,
    "transacted_at_us": NOON_US + 400,
}
REPLY: Fields = {
    "session": 7,
    "command_seq": 42,
    "epoch": 12,
    "last_seq": 3000,
    "received_at_us": NOON_US,
    "sent_at_us": NOON_US + 350,
}
NUMBERS: Fields = {"epoch": 12, "last_seq": 3001}
TRADED: Fields = {"exec_type": ExecType.TRADE, "last_quantity_e8": 40 * 10**8, "last_price_e8": 187_24 * 10**6}
FINAL: Fields = {"leaves_quantity_e8": 0}
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


class Example(NamedTuple):
    """`decoder` names the reader it is for (`decode_<decoder>`); epoch and seq are the envelope's."""

    name: str
    decoder: str
    message: Message
    epoch: int = 0
    seq: int = 0


def examples() -> list[Example]:
    """Every message of the link, those with choices more than once."""
    return [*_session(), *_commands(), *_answers(), *_order_lists(), *_reports(), *_queries(), *_published()]


def _session() -> list[Example]:
    opening: Fields = {"protocol_version": PROTOCOL_VERSION, "session": 7, "sent_at_us": NOON_US}
    refusal = "Session 8 is newer."
    return [
        Example("hello", "to_engine", Hello(last_epoch=12, last_seq=2990, **opening)),
        Example("hello-first-ever", "to_engine", Hello(last_epoch=0, last_seq=0, **opening)),
        Example("client-heartbeat", "to_engine", ClientHeartbeat(session=7, sent_at_us=NOON_US)),
        Example(
            "client-heartbeat-dead-man",
            "to_engine",
            ClientHeartbeat(session=7, sent_at_us=NOON_US, cancel_after_ms=15_000),
        ),
        Example("replay-request", "to_engine", ReplayRequest(session=7, epoch=12, after_seq=2990)),
        Example("welcome", "from_engine", Welcome(**NUMBERS, **opening)),
        Example(
            "session-reject",
            "from_engine",
            SessionReject(session=7, code=RejectCode.STALE_SESSION, reason=refusal),
        ),
        Example("engine-heartbeat", "from_engine", EngineHeartbeat(session=7, sent_at_us=NOON_US, **NUMBERS)),
        Example("replay-done", "from_engine", ReplayDone(session=7, complete=True, **NUMBERS)),
    ]


def _commands() -> list[Example]:
    market: Fields = {**LIMIT, "order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "price_e8": None}
    stop_limit: Fields = {
        **LIMIT,
        "desk": "alpha",
        "side": Side.SELL,
        "order_type": OrderType.STOP_LIMIT,
        "time_in_force": TimeInForce.GTD,
        "stop_price_e8": 187_50 * 10**6,
        "expires_at_us": NOON_US + 3_600_000_000,
    }
    largest: Fields = {**LIMIT, "quantity_e8": INT64_MAX, "price_e8": 1, "instrument_id": 2**32 - 1}
    return [
        Example("new-order-limit", "to_engine", NewOrder(**LIMIT)),
        Example("new-order-market", "to_engine", NewOrder(**market)),
        Example("new-order-stop-limit-gtd", "to_engine", NewOrder(**stop_limit)),
        Example("new-order-largest-numbers", "to_engine", NewOrder(**largest)),
        Example("cancel-order", "to_engine", CancelOrder(**COMMAND, **ORDER)),
        Example("replace-order", "to_engine", ReplaceOrder(**COMMAND, **ORDER, quantity_e8=50 * 10**8)),
        Example(
            "replace-order-prices",
            "to_engine",
            ReplaceOrder(**COMMAND, **ORDER, price_e8=43_057_000_000, stop_price_e8=43_050_000_000),
        ),
        Example("mass-cancel-firm", "to_engine", MassCancel(**COMMAND, scope=MassCancelScope.FIRM)),
        Example("mass-cancel-desk", "to_engine", MassCancel(**COMMAND, scope=MassCancelScope.DESK, target="alpha")),
        Example("order-status-request", "to_engine", OrderStatusRequest(**COMMAND, **ORDER)),
        Example("order-list-request", "to_engine", OrderListRequest(**COMMAND)),
        Example("order-list-request-next", "to_engine", OrderListRequest(**COMMAND, after=ORDER["order_id"])),
    ]


def _answers() -> list[Example]:
    status: Fields = {
        "session": 7,
        "command_seq": 42,
        "order_id": ORDER["order_id"],
        "epoch": 12,
        "last_seq": 3001,
        "sent_at_us": NOON_US,
    }
    known: Fields = {
        "known": True,
        "status": EngineOrderStatus.PARTIALLY_FILLED,
        "external_order_id": "E12-77",
        "cum_quantity_e8": 40 * 10**8,
        "leaves_quantity_e8": 60 * 10**8,
        "price_e8": 43_056_000_000,
    }
    rejected: Fields = {
        "outcome": ReplyOutcome.REJECTED,
        "code": RejectCode.OFF_TICK,
        "reason": "Price is off tick 0.01.",
    }
    return [
        Example(
            "command-reply-accepted",
            "from_engine",
            CommandReply(**REPLY, outcome=ReplyOutcome.ACCEPTED, external_order_id="E12-77"),
        ),
        Example("command-reply-rejected", "from_engine", CommandReply(**REPLY, **rejected)),
        Example("command-reply-duplicate", "from_engine", CommandReply(**REPLY, outcome=ReplyOutcome.DUPLICATE)),
        Example(
            "command-reply-mass-cancel",
            "from_engine",
            CommandReply(**REPLY, outcome=ReplyOutcome.ACCEPTED, canceled=3),
        ),
        Example("order-status-known", "from_engine", OrderStatus(**status, **known)),
        Example("order-status-unknown", "from_engine", OrderStatus(**status, known=False)),
    ]


def _order_lists() -> list[Example]:
    first = OpenOrder(
        **ORDER,
        external_order_id="E12-77",
        symbol="AAPL",
        side=Side.BUY,
        quantity_e8=100 * 10**8,
        cum_quantity_e8=40 * 10**8,
        price_e8=43_056_000_000,
    )
    behind = UUID("018f4e7a-1c2d-7e3f-8a4b-5c6d7e8f9a0c")
    second = msgspec.structs.replace(first, order_id=behind, client_order_id="web:7.A_b-2", external_order_id="E12-78")
    answer: Fields = {"session": 7, "command_seq": 42, "sent_at_us": NOON_US, **NUMBERS}
    return [
        Example("order-list", "from_engine", OrderList(**answer, orders=[first, second], complete=False)),
        Example("order-list-empty", "from_engine", OrderList(**answer, orders=[], complete=True)),
    ]


def _reports() -> list[Example]:
    partial: Fields = {
        "status": EngineOrderStatus.PARTIALLY_FILLED,
        "cum_quantity_e8": 40 * 10**8,
        "leaves_quantity_e8": 60 * 10**8,
    }
    filled: Fields = {"status": EngineOrderStatus.FILLED, "cum_quantity_e8": 100 * 10**8, **FINAL}
    correction: Fields = {"exec_type": ExecType.TRADE_CORRECT, "ref_exec_id": "12-3002"}
    changes: dict[str, Fields] = {
        "new": {},
        "trade-partial": TRADED | partial,
        "trade-full": TRADED | filled | {"last_quantity_e8": 100 * 10**8},
        "canceled": {"exec_type": ExecType.CANCELED, "status": EngineOrderStatus.CANCELED, **FINAL},
        "replaced": {
            "exec_type": ExecType.REPLACED,
            "quantity_e8": 50 * 10**8,
            "leaves_quantity_e8": 50 * 10**8,
        },
        "rejected": {
            "exec_type": ExecType.REJECTED,
            "status": EngineOrderStatus.REJECTED,
            "code": RejectCode.NO_LIQUIDITY,
            "reason": "No liquidity.",
            **FINAL,
        },
        "expired": {"exec_type": ExecType.EXPIRED, "status": EngineOrderStatus.EXPIRED, **FINAL},
        "trade-cancel": {"exec_type": ExecType.TRADE_CANCEL, "ref_exec_id": "12-3002"},
        "trade-correct": TRADED | partial | correction | {"last_price_e8": 187_23 * 10**6},
    }
    return [
        Example(f"execution-report-{name}", "from_engine", ExecutionReport(**REPORT | change))
        for name, change in changes.items()
    ]


def _queries() -> list[Example]:
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


def _published() -> list[Example]:
    status = EngineStatus(epoch=12, state=EngineState.OPEN, sent_at_us=NOON_US)
    prices: Fields = {"open_e8": 187 * 10**8, "high_e8": 188 * 10**8, "low_e8": 186 * 10**8, "close_e8": 187_25 * 10**6}
    bar = Bar(instrument_id=3, symbol="AAPL", epoch=12, start_us=NOON_US, volume_e8=900 * 10**8, **prices)
    return [
        Example("topic-heartbeat", "published", TopicHeartbeat(sent_at_us=NOON_US), epoch=12, seq=88_001),
        Example("engine-status", "published", status, epoch=12),
        Example("bar", "bar", bar),
    ]
