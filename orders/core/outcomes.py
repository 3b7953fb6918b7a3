"""What can a batch lead to? Things that happened, messages to the engine, answers to callers, alarms."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from bridge.wire.messages import CancelOrder, NewOrder, OrderListRequest, OrderStatusRequest, ReplaceOrder
from orders.core.causes import Cause
from orders.core.groups.legs import GroupKind
from orders.core.hops import NO_HOPS, Hops
from orders.core.inputs import Ticket
from orders.core.state import Cursor, ExecutionState, OrderState, PositionState
from orders.core.trading_states import Restriction, StateEvent
from orders.gate_requests import Outlook
from orders.lifecycle import OrderEvent
from orders.requests import CanceledItem, WantedState
from tradingmw.errors import Code, TradingError

ToSend = NewOrder | CancelOrder | ReplaceOrder | OrderStatusRequest | OrderListRequest


class OrderChanged(NamedTuple):
    order: OrderState
    event: OrderEvent
    reason: str
    details: dict[str, Any]
    source: Cursor  #: the report it came from; (0, 0) = our own doing
    hops: Hops = NO_HOPS


class Quarantined(NamedTuple):
    report: Any
    reason: str


class Alarm(NamedTuple):
    """Something that people must look at: a sentence and its facts."""

    sentence: str
    facts: dict[str, Any]


class Notice(NamedTuple):
    """Something that the user is to find among his notifications: so many of his account's orders were cancelled."""

    user: UUID
    account_name: str
    cause: Cause
    orders: int


class GuardReply(NamedTuple):
    ticket: Ticket
    user: UUID


class AttendReply(NamedTuple):
    ticket: Ticket
    guarded: list[UUID]


class CancelAfterReply(NamedTuple):
    """`trigger_at_us` 0: no timer runs."""

    ticket: Ticket
    trigger_at_us: int
    now_us: int
    user: UUID


class OrderReply(NamedTuple):
    """`wait_until_us` > 0: to be given when the engine has spoken of the order, at that instant at the latest."""

    ticket: Ticket
    order: OrderState
    created: bool
    user: UUID
    wait_until_us: int


class GroupReply(NamedTuple):
    ticket: Ticket
    group: UUID
    kind: GroupKind
    orders: list[OrderState]
    created: bool
    user: UUID


class Placed(NamedTuple):
    """What became of one order of many; `reply` None: there was nothing to do."""

    client_order_id: str
    symbol: str
    reply: OrderReply | DeniedReply | RefusalReply | None
    canceled: list[UUID]


class PlacedReply(NamedTuple):
    ticket: Ticket
    items: list[Placed]
    user: UUID


class DeniedReply(NamedTuple):
    """The gate has refused the order, which is stored as denied; `rules` are those that it breaks, in public words."""

    ticket: Ticket
    order: OrderState
    code: Code
    detail: str
    rules: list[dict[str, Any]]
    user: UUID


class PreviewReply(NamedTuple):
    ticket: Ticket
    outlook: Outlook
    code: Code | None
    rules: list[dict[str, Any]]


class CancelAllReply(NamedTuple):
    ticket: Ticket
    items: list[CanceledItem]
    user: UUID


class ReconcileReply(NamedTuple):
    ticket: Ticket
    run: UUID


class StateReply(NamedTuple):
    """What is in force at the target after the request; None: nothing."""

    ticket: Ticket
    restriction: Restriction | None


class StateChanged(NamedTuple):
    """A restriction, or a wish to lift one, came, changed or went; None: trading was or is active."""

    wanted: WantedState
    kind: StateEvent
    before: Restriction | None
    after: Restriction | None


class LimitsReply(NamedTuple):
    ticket: Ticket
    limits: int


class RefusalReply(NamedTuple):
    ticket: Ticket
    error: TradingError


OperatorReply = PreviewReply | ReconcileReply | LimitsReply | StateReply
SafeguardReply = GuardReply | AttendReply | CancelAfterReply
#: told how far the user's stream goes
ToUser = OrderReply | DeniedReply | GroupReply | PlacedReply | CancelAllReply | GuardReply | CancelAfterReply
Reply = (
    SafeguardReply | OrderReply | DeniedReply | GroupReply | PlacedReply | CancelAllReply | OperatorReply | RefusalReply
)
Happening = OrderChanged | ExecutionState | PositionState
