"""What do web processes and the order bridge say to each other?

One MessagePack map per message, DEALER → ROUTER on `order_requests`. The web process has authenticated and authorised
the caller and names the account the request may touch. A request that arrives after its deadline is not decided.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bridge.wire.maps import read_map
from bridge.wire.messages import ClientOrderId, Exchange, Micros, PositiveE8, Price, Symbol, Text, Token
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.groups.legs import GroupKind
from orders.core.trading_states import Restriction
from orders.gate_requests import ConfirmationToken, DeniedAnswer, PreviewAnswer
from orders.lifecycle import OrderStatus
from orders.limit_requests import LimitsAnswer, ReloadLimits
from orders.request_frame import Answer as Answer
from orders.request_frame import Caller as Caller
from orders.request_frame import Request as Request
from orders.request_frame import RequestId as RequestId
from orders.request_frame import Timing as Timing
from orders.request_frame import Trace as Trace
from orders.safeguard_requests import (
    AttendAnswer,
    AttendSessions,
    CancelAfter,
    CancelAfterAnswer,
    GuardAnswer,
    GuardSession,
)
from orders.state_requests import SetTradingState as SetTradingState
from orders.state_requests import TradingStateAnswer as TradingStateAnswer
from orders.state_requests import WantedState as WantedState
from tradingmw.errors import Code

SYMBOLS_MAX = 200
RequestId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Trace = Annotated[str, Meta(max_length=CHARACTERS_MAX)]


class Caller(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On whose behalf; the account is the fence around what the request may see."""

    user: UUID
    account: UUID
    account_name: Token
    desk: UUID | None = None
    desk_name: Token | None = None
    heads_desk: bool = False
    ip_address: Annotated[str, Meta(max_length=45)] | None = None
    session: UUID | None = None  #: it is asked in this session; for the audit
    signed: UUID | None = None  #: the stored signature of the request (`accounts.models.SignedRequest`)


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """`trace` is the id under which the edge serves it (`X-Request-ID`): kept with the order, shown in the log.

    `received_us` is when the edge had it; 0 = not known.
    """

    request_id: RequestId
    deadline_us: Micros
    trace: Trace = ""
    received_us: Micros = 0


class PlaceOrder(Request, frozen=True, kw_only=True):
    """`wait_until_us` > 0: answer when the engine has spoken, at that instant at the latest."""

    caller: Caller
    client_order_id: ClientOrderId
    symbol: Symbol
    exchange: Exchange | None = None
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_e8: PositiveE8
    price_e8: Price | None = None
    stop_price_e8: Price | None = None
    expires_at_us: Micros | None = None
    wait_until_us: Micros = 0


class ReplaceOrder(Request, frozen=True, kw_only=True):
    """Change the total quantity or the prices of an open order; what is absent stays as it is."""

    caller: Caller
    order_id: UUID
    quantity_e8: PositiveE8 | None = None
    price_e8: Price | None = None
    stop_price_e8: Price | None = None


class CancelOrder(Request, frozen=True, kw_only=True):
    caller: Caller
    orders: Annotated[list[PlaceOrder], Meta(min_length=1, max_length=BASKET_MAX)]

    `id` is that of the change: the same one again is a repeat. `user` None: an operator at the machine. `shared`: the
    engine's word for the target covers others as well, so that the engine is not to end all that it has of it.
    """

class ClosePositions(Request, frozen=True, kw_only=True):
    """Bring the account's positions to flat, or only those in these symbols. `close_id` again is a repeat."""

    @property
    def target(self) -> Target:
        return Target(self.scope, self.key)


class ReplaceOrder(Request, frozen=True, kw_only=True):
    """Change the total quantity or the prices of an open order; what is absent stays as it is."""

    caller: Caller
    order_id: UUID
    quantity_e8: PositiveE8 | None = None
    price_e8: Price | None = None
    stop_price_e8: Price | None = None


    order_id: UUID


class CancelAllOrders(Request, frozen=True, kw_only=True):
    """Every open order of the caller's account, or of the desk that he heads; or only those of these symbols."""

    caller: Caller
    desk: UUID | None = None
    symbols: Annotated[list[Symbol], Meta(max_length=SYMBOLS_MAX)] = []


class ReconcileOrders(Request, frozen=True, kw_only=True):
    """Compare both sides' open orders now. Asked by the operator's command."""


class AmendExecution(Request, frozen=True, kw_only=True):
    """An operator's word on a trade: without quantity and price it is void, else it was so."""

    operator: UUID
    operator_name: Token
    order_id: UUID
    exec_id: Token
    amendment_id: Token  #: the execution id of the bust or correction; the same one again is a repeat
    quantity_e8: PositiveE8 | None = None
    price_e8: Price | None = None
    note: Text


class BridgeQuery(Request, frozen=True, kw_only=True):
    """How are you? Answered by the link thread itself."""


class OrderAnswer(Answer, frozen=True, kw_only=True):
    """The order after the request, in its public shape; `created` is false for a repeat."""

    order: dict[str, Any]
    created: bool
    last_event_id: int


class CanceledItem(Struct, frozen=True, kw_only=True):
    id: UUID
    status: OrderStatus
    code: Code | None = None


class CancelAllAnswer(Answer, frozen=True, kw_only=True):
    items: list[CanceledItem]
    last_event_id: int


class ReconcileAnswer(Answer, frozen=True, kw_only=True):
    """The run that has begun, or was under way already; its row tells how it ends."""

    run: UUID


class Refusal(Answer, frozen=True, kw_only=True):
    """The members of a `TradingError`."""

    status: Annotated[int, Meta(ge=400, le=599)]
    code: Code
    detail: str
    errors: list[dict[str, str]] = []
    retry_after_seconds: int | None = None


class BridgeAnswer(Answer, frozen=True, kw_only=True):
    """`link` is the state of the engine link, `core_age_ms` the time since the core's last pass.

    `tripped`: why nothing new is sent to the engine, though the link may be live; empty while it is.
    """

    link: str
    live: bool
    epoch: int
    session: int
    core_age_ms: int
    tripped: str = ""
    tripped: str = ""
    restrictions: list[Restriction] = []  #: all that are in force


AnyRequest = (
    PlaceOrder
    | ReplaceOrder
    | CancelOrder
    | CancelAllOrders
    | AmendExecution
    | ReconcileOrders
    | SetTradingState
    | GuardSession
    | AttendSessions
    | CancelAfter
    | BridgeQuery
)
AnyAnswer = (
    OrderAnswer
    | CancelAllAnswer
    | GuardAnswer
    | AttendAnswer
    | CancelAfterAnswer
    | ReconcileAnswer
    | TradingStateAnswer
    | Refusal
    | BridgeAnswer
)

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
_answers: msgspec.msgpack.Decoder[AnyAnswer] = msgspec.msgpack.Decoder(AnyAnswer)


def encode(message: Request | Answer) -> bytes:
    return _encoder.encode(message)


def decode_request(frame: bytes) -> AnyRequest:
    """`WireError` where it is none."""
    return read_map(_requests, frame, ("caller",))


def decode_answer(frame: bytes) -> AnyAnswer:
    """`WireError` where it is none."""
    return read_map(_answers, frame)
