"""One example or more of every message, as its sender would build it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from bridge.wire.golden.example import NOON_US, Example, Fields
from bridge.wire.golden.queries import published, queries
from bridge.wire.limits import INT64_MAX
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    CancelOrder,
    ClientHeartbeat,
    CommandReply,
    EngineHeartbeat,
    ExecutionReport,
    Hello,
    MassCancel,
    NewOrder,
    OpenOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
    ReplaceOrder,
    ReplayDone,
    ReplayRequest,
    SessionReject,
    Welcome,
)
from bridge.wire.vocabulary import (
    EngineOrderStatus,
    ExecType,
    MassCancelScope,
    OrderType,
    RejectCode,
    ReplyOutcome,
    Side,
    TimeInForce,
)

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


def examples() -> list[Example]:
    """Every message of the link, those with choices more than once."""
    return [*_session(), *_commands(), *_answers(), *_order_lists(), *_reports(), *queries(), *published()]


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
