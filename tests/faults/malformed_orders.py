"""What no order bridge may believe: words of its engine and requests of web processes, valid ones that were damaged.

The engine's words are sealed, so that any bit that flips is seen. A request is not: CURVE lets none flip under way, so
requests are damaged in what makes them one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from uuid import UUID

import msgspec
from msgspec.structs import replace

from bridge.wire.codec import encode
from bridge.wire.envelope import LAYOUT, Kind, seal
from bridge.wire.limits import MAX_PAYLOAD
from bridge.wire.market import Trade, encode_trades
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    CancelOrder,
    CommandReply,
    EngineHeartbeat,
    ExecutionReport,
    Message,
    OpenOrder,
    OrderList,
    OrderStatus,
    ReplayDone,
    SessionReject,
    TopicHeartbeat,
    Welcome,
)
from bridge.wire.vocabulary import (
    EngineOrderStatus,
    ExecType,
    OrderType,
    RejectCode,
    ReplyOutcome,
    Side,
    TimeInForce,
)
from orders import requests
from orders.requests import Caller
from tests.faults.malformed_frames import GIANT_SHARE, Frames, cut, flipped, noise
from tests.faults.malformed_maps import Spoiler

POISON = "poison"  #: in every id: whoever shows it has believed something
HOUR_US = 3_600_000_000
ORDER = UUID(int=66_666)


class EngineWords:
    """Damages what the engine says in session `session` of epoch `epoch`."""

    def __init__(self, seed: int, session: int, epoch: int) -> None:
        self._random = Random(seed)
        self._spoiler = Spoiler(self._random)
        self._valid = engine_words(session, epoch)
        self._impossible = impossible_words(session, epoch)
        self._foreign: list[Message] = [
            CancelOrder(
                session=session, command_seq=1, deadline_us=1, order_id=ORDER, account=POISON, client_order_id=POISON
            ),
            TopicHeartbeat(sent_at_us=1),
        ]

    def messages(self, count: int, giant_share: float = GIANT_SHARE) -> Iterator[Frames]:
        ways: list[Callable[[], Frames]] = [
            lambda: noise(self._random) or [b""],
            lambda: cut(self._random, self._one()),
            lambda: flipped(self._random, self._one()),
            self.miscounted,
            self.numbered,
            self.of_another_kind,
            lambda: sealed(self._spoiler.spoiled(self._random.choice(self._valid))),
            lambda: encode(self._random.choice(self._impossible)),
            lambda: encode(self._random.choice(self._foreign)),
        ]
        return mixed(self._random, ways, self.giant, count, giant_share)

    def miscounted(self) -> Frames:
        frames = self._one()
        return self._random.choice([frames[:1], [*frames, b""], [b"", *frames], [*frames, *frames]])

    def numbered(self) -> Frames:
        """Whole, but with a place in a stream that has none."""
        _, payload = self._one()
        epoch, seq = self._random.choice([(1, 0), (0, 1), (2**62, 2**62)])
        return [seal(Kind.MESSAGE, payload, epoch=epoch, seq=seq), payload]

    def of_another_kind(self) -> Frames:
        batch = encode_trades([Trade(1, 1, 1, 1, 1, 1)])
        payload = self._random.choice([batch, self._one()[1]])
        return [seal(self._random.choice([Kind.QUOTES, Kind.TRADES, Kind.DEPTH]), payload), payload]

    def giant(self) -> Frames:
        payload = bytes(MAX_PAYLOAD + self._random.randint(1, 60_000))
        return [LAYOUT.pack(b"TMW1", 1, Kind.MESSAGE, 0, 0, 0, len(payload), 0), payload]

    def _one(self) -> Frames:
        return encode(self._random.choice(self._valid))


class Requests:
    """Damages what a web process may ask on behalf of `caller`."""

    def __init__(self, seed: int, caller: Caller) -> None:
        self._random = Random(seed)
        self._spoiler = Spoiler(self._random)
        self._valid = valid_requests(caller)

    def messages(self, count: int, giant_share: float = GIANT_SHARE) -> Iterator[Frames]:
        ways: list[Callable[[], Frames]] = [
            lambda: noise(self._random) or [b""],
            lambda: cut(self._random, [self._one()]),
            self.miscounted,
            lambda: [self._random.choice(foreign_to_the_door())],
            *[lambda: [self._spoiler.spoiled(self._random.choice(self._valid))]] * 4,
        ]
        return mixed(self._random, ways, self.giant, count, giant_share)

    def miscounted(self) -> Frames:
        body = self._one()
        return self._random.choice([[body, b""], [b"", body], [body, body], [body] * 5])

    def giant(self) -> Frames:
        return [requests.encode(replace(self._random.choice(self._valid), trace="x" * MAX_PAYLOAD))]

    def _one(self) -> bytes:
        return requests.encode(self._random.choice(self._valid))


def mixed(
    random: Random, ways: Sequence[Callable[[], Frames]], giant: Callable[[], Frames], count: int, giant_share: float
) -> Iterator[Frames]:
    for _ in range(count):
        yield giant() if random.random() < giant_share else random.choice(ways)()


def sealed(payload: bytes) -> Frames:
    return [seal(Kind.MESSAGE, payload), payload]


# Valid ones -------------------------------------------------------------------------------------------------------
def report(epoch: int) -> ExecutionReport:
    """Of a trade that never was, with the highest number there can be."""
    return ExecutionReport(
        epoch=epoch,
        seq=2**62,
        exec_id=POISON,
        exec_type=ExecType.TRADE,
        status=EngineOrderStatus.FILLED,
        order_id=ORDER,
        account="ann",
        client_order_id=POISON,
        external_order_id=POISON,
        instrument_id=1,
        symbol="AAPL",
        side=Side.BUY,
        quantity_e8=5,
        cum_quantity_e8=5,
        leaves_quantity_e8=0,
        last_quantity_e8=5,
        last_price_e8=5,
        transacted_at_us=1,
    )


def reply(session: int, epoch: int) -> CommandReply:
    return CommandReply(
        session=session,
        command_seq=1,
        outcome=ReplyOutcome.REJECTED,
        code=RejectCode.UNKNOWN_ORDER,
        epoch=epoch,
        last_seq=2**62,
        received_at_us=1,
        sent_at_us=1,
    )


def status(session: int, epoch: int) -> OrderStatus:
    return OrderStatus(
        session=session, command_seq=1, order_id=ORDER, known=False, epoch=epoch, last_seq=2**62, sent_at_us=1
    )


def open_orders(session: int, epoch: int) -> OrderList:
    row = OpenOrder(
        order_id=ORDER,
        account="ann",
        client_order_id=POISON,
        external_order_id=POISON,
        symbol="AAPL",
        side=Side.BUY,
        quantity_e8=5,
        cum_quantity_e8=0,
    )
    return OrderList(
        session=session, command_seq=1, orders=[row], complete=True, epoch=epoch, last_seq=2**62, sent_at_us=1
    )


def engine_words(session: int, epoch: int) -> list[Message]:
    return [
        Welcome(protocol_version=PROTOCOL_VERSION, session=session, epoch=epoch, last_seq=2**62, sent_at_us=1),
        SessionReject(session=session, code=RejectCode.STALE_SESSION, reason=POISON),
        EngineHeartbeat(session=session, epoch=epoch, last_seq=2**62, sent_at_us=1),
        reply(session, epoch),
        status(session, epoch),
        open_orders(session, epoch),
        report(epoch),
        ReplayDone(session=session, epoch=epoch, last_seq=2**62, complete=False),
    ]


def impossible_words(session: int, epoch: int) -> list[Message]:
    """Each field is right, but not beside the others."""
    listed = open_orders(session, epoch)
    return [
        replace(reply(session, epoch), outcome=ReplyOutcome.ACCEPTED),
        replace(reply(session, epoch), code=None),
        replace(status(session, epoch), known=True),
        replace(status(session, epoch), status=EngineOrderStatus.NEW),
        replace(status(session, epoch), cum_quantity_e8=1),
        replace(listed, orders=[*listed.orders, *listed.orders]),
        replace(listed, orders=[], complete=False),
        replace(report(epoch), last_quantity_e8=0),
        replace(report(epoch), last_price_e8=0),
        replace(report(epoch), ref_exec_id=POISON),
        replace(report(epoch), exec_type=ExecType.TRADE_CANCEL),
    ]


def valid_requests(caller: Caller) -> list[requests.Request]:
    """Every kind, none too late."""
    head = {"request_id": 1, "deadline_us": time.time_ns() // 1000 + HOUR_US}
    operator = {"operator": caller.user, "operator_name": POISON}
    execution = {"order_id": ORDER, "exec_id": POISON, "amendment_id": POISON, "note": POISON}
    terms = {"symbol": "AAPL", "side": Side.BUY, "order_type": OrderType.LIMIT, "time_in_force": TimeInForce.DAY}
    amounts = {"quantity_e8": 10**8, "price_e8": 10**8}
    return [
        requests.PlaceOrder(**head, caller=caller, client_order_id=POISON, **terms, **amounts),
        requests.ReplaceOrder(**head, caller=caller, order_id=ORDER, **amounts),
        requests.CancelOrder(**head, caller=caller, order_id=ORDER),
        requests.CancelAllOrders(**head, caller=caller, symbols=["AAPL"]),
        requests.AmendExecution(**head, **operator, **execution, **amounts),
        requests.ReconcileOrders(**head),
        requests.ReloadLimits(**head),
        requests.BridgeQuery(**head),
    ]


def foreign_to_the_door() -> list[bytes]:
    """Whole messages of other doors: answers, words of the engine link."""
    answer = requests.BridgeAnswer(request_id=1, link="live", live=True, epoch=1, session=1, core_age_ms=0)
    return [requests.encode(answer), msgspec.msgpack.encode(report(1)), encode(report(1))[0], encode(report(1))[1]]
