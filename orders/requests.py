"""What do web processes and the order bridge say to each other?

One MessagePack map per message, DEALER → ROUTER on `order_requests`. The web process has authenticated and authorised
the caller and names the account the request may touch. A request that arrives after its deadline is not decided.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bridge.wire.maps import read_map
from bridge.wire.messages import ClientOrderId, Exchange, Micros, PositiveE8, Price, Symbol, Text, Token
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.groups.legs import GroupKind
from orders.core.trading_states import Restriction
from orders.gate_requests import ConfirmationToken, DeniedAnswer, PreviewAnswer
from orders.gate_requests import DecideOrder as DecideOrder
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
LEGS_MAX = 10
BASKET_MAX = 100


class PlaceOrder(Request, frozen=True, kw_only=True):
    """`wait_until_us` > 0: answer when the engine has spoken, at that instant at the latest.

    `confirmation_token` is that of the warning which the caller has been given; it is not part of the order.
    """

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
    confirmation_token: ConfirmationToken = ""


class PreviewOrder(Request, frozen=True, kw_only=True):
    """What would become of `order`? Its ids and deadlines mean nothing."""

    order: PlaceOrder

    @property
    def caller(self) -> Caller:
        return self.order.caller


class PlaceOrderGroup(Request, frozen=True, kw_only=True):
    """Orders that depend on each other, all of one caller; of `oto` and `bracket` the first triggers the others."""

    caller: Caller
    kind: GroupKind
    orders: Annotated[list[PlaceOrder], Meta(max_length=LEGS_MAX)]
    confirmation_token: ConfirmationToken = ""  #: of the warning that the group was answered with


class PlaceBasket(Request, frozen=True, kw_only=True):
    """Orders of one caller that have nothing to do with each other."""

    caller: Caller
    orders: Annotated[list[PlaceOrder], Meta(min_length=1, max_length=BASKET_MAX)]


class ClosePositions(Request, frozen=True, kw_only=True):
    """Bring the account's positions to flat, or only those in these symbols. `close_id` again is a repeat."""

    caller: Caller
    close_id: ClientOrderId
    symbols: Annotated[list[Symbol], Meta(max_length=SYMBOLS_MAX)] = []


class ReplaceOrder(Request, frozen=True, kw_only=True):
    """Change the total quantity or the prices of an open order; what is absent stays as it is."""

    caller: Caller
    order_id: UUID
    quantity_e8: PositiveE8 | None = None
    price_e8: Price | None = None
    stop_price_e8: Price | None = None
    confirmation_token: ConfirmationToken = ""


class CancelOrder(Request, frozen=True, kw_only=True):
    caller: Caller
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


class GroupAnswer(Answer, frozen=True, kw_only=True):
    """The group after the request, its orders in their public shape and in the order of the request."""

    id: UUID
    kind: GroupKind
    orders: list[dict[str, Any]]
    created: bool
    last_event_id: int


class PlacedItem(Struct, frozen=True, kw_only=True):
    """What became of one order of many: `status` is that of HTTP which it would have had alone."""

    status: Annotated[int, Meta(ge=200, le=599)]
    client_order_id: str = ""
    symbol: str = ""
    code: Code | None = None
    detail: str = ""
    errors: list[dict[str, str]] = []
    rules: list[dict[str, Any]] = []
    confirmation_token: ConfirmationToken = ""
    order: dict[str, Any] | None = None
    canceled: list[UUID] = []


class PlacedAnswer(Answer, frozen=True, kw_only=True):
    """One item for each order of a basket, or for each position that is to be closed."""

    items: list[PlacedItem]
    last_event_id: int


class CancelAllAnswer(Answer, frozen=True, kw_only=True):
    items: list[CanceledItem]
    last_event_id: int


class ReconcileAnswer(Answer, frozen=True, kw_only=True):
    """The run that has begun, or was under way already; its row tells how it ends."""

    run: UUID


class Refusal(Answer, frozen=True, kw_only=True):
    """The members of a `TradingError`; `extra` are those beyond the ones that every error has."""

    status: Annotated[int, Meta(ge=400, le=599)]
    code: Code
    detail: str
    errors: list[dict[str, str]] = []
    retry_after_seconds: int | None = None
    extra: dict[str, Any] = {}


class BridgeAnswer(Answer, frozen=True, kw_only=True):
    """`link` is the state of the engine link, `core_age_ms` the time since the core's last pass.

    `tripped`: why nothing new is sent to the engine, though the link may be live; empty while it is. `has_prices`: the
    core knows what instruments are worth.
    """

    link: str
    live: bool
    epoch: int
    session: int
    core_age_ms: int
    tripped: str = ""
    has_prices: bool = False
    restrictions: list[Restriction] = []  #: all that are in force


AnyRequest = (
    PlaceOrder
    | PlaceOrderGroup
    | PlaceBasket
    | ClosePositions
    | ReplaceOrder
    | DecideOrder
    | PreviewOrder
    | CancelOrder
    | CancelAllOrders
    | AmendExecution
    | ReconcileOrders
    | ReloadLimits
    | SetTradingState
    | GuardSession
    | AttendSessions
    | CancelAfter
    | BridgeQuery
)
AnyAnswer = (
    OrderAnswer
    | GroupAnswer
    | PlacedAnswer
    | CancelAllAnswer
    | GuardAnswer
    | AttendAnswer
    | CancelAfterAnswer
    | ReconcileAnswer
    | LimitsAnswer
    | TradingStateAnswer
    | PreviewAnswer
    | DeniedAnswer
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
    return read_map(_requests, frame, ("caller", "order", "orders"))


def decode_answer(frame: bytes) -> AnyAnswer:
    """`WireError` where it is none."""
    return read_map(_answers, frame)
