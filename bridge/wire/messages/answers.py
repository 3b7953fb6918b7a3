"""What does the engine answer to a command, and what does it report of its own accord?"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bridge.wire.limits import INT64_MAX, MAX_OPEN_ORDERS
from bridge.wire.messages.fields import (
    AmountE8,
    ClientOrderId,
    CommandSeq,
    Epoch,
    InstrumentId,
    Message,
    Micros,
    PositiveE8,
    Price,
    Seq,
    Session,
    Symbol,
    Text,
    Token,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome, Side


class CommandReply(Message, frozen=True, kw_only=True):
    """The engine has journaled the command (accepted), holds it already (duplicate) or refuses it (rejected)."""

    session: Session
    command_seq: CommandSeq
    outcome: ReplyOutcome
    code: RejectCode | None = None
    reason: Text = ""
    external_order_id: Token | None = None
    canceled: Seq = 0  #: MassCancel: how many orders it ended
    epoch: Epoch
    last_seq: Seq
    received_at_us: Micros
    sent_at_us: Micros


class OrderStatus(Message, frozen=True, kw_only=True):
    """What the engine holds for the asked order. Counts only once all reports up to `last_seq` are applied."""

    session: Session
    command_seq: CommandSeq
    order_id: UUID
    known: bool
    status: EngineOrderStatus | None = None
    external_order_id: Token | None = None
    cum_quantity_e8: AmountE8 = 0
    leaves_quantity_e8: AmountE8 = 0
    price_e8: Price | None = None
    stop_price_e8: Price | None = None
    epoch: Epoch
    last_seq: Seq
    sent_at_us: Micros


class OpenOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An order that may still trade, as the engine holds it."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId
    external_order_id: Token
    symbol: Symbol
    side: Side
    quantity_e8: PositiveE8  #: the order's total
    cum_quantity_e8: AmountE8
    price_e8: Price | None = None
    stop_price_e8: Price | None = None


class OrderList(Message, frozen=True, kw_only=True):
    """The open orders behind the one asked from, without a gap; `complete` where none follows the last of them.

    A barrier like `OrderStatus`: it says what was true after report `last_seq`.
    """

    session: Session
    command_seq: CommandSeq
    orders: Annotated[list[OpenOrder], Meta(max_length=MAX_OPEN_ORDERS)]
    complete: bool
    epoch: Epoch
    last_seq: Seq
    sent_at_us: Micros


class ExecutionReport(Message, frozen=True, kw_only=True):
    """One thing that happened to one order. (`epoch`, `seq`) orders them all; `exec_id` is unique for ever."""

    epoch: Epoch
    seq: Annotated[int, Meta(ge=1, le=INT64_MAX)]
    exec_id: Token
    exec_type: ExecType
    status: EngineOrderStatus
    order_id: UUID
    account: Token
    client_order_id: ClientOrderId
    external_order_id: Token
    instrument_id: InstrumentId
    symbol: Symbol
    side: Side
    quantity_e8: PositiveE8  #: the order's total
    cum_quantity_e8: AmountE8
    leaves_quantity_e8: AmountE8
    last_quantity_e8: AmountE8 = 0  #: of this execution; 0 where nothing traded
    last_price_e8: AmountE8 = 0
    price_e8: Price | None = None
    stop_price_e8: Price | None = None
    ref_exec_id: Token | None = None  #: the execution that a bust or correction speaks of
    code: RejectCode | None = None
    reason: Text = ""
    transacted_at_us: Micros


class ReplayDone(Message, frozen=True, kw_only=True):
    """All reports asked for have been sent. `complete` is false where the log does not reach back so far."""

    session: Session
    epoch: Epoch
    last_seq: Seq
    complete: bool
