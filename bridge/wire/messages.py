"""What is said on the engine link, message by message?

Everything here but the market-data batches (`market.py`) travels as one MessagePack map with camelCase keys and the
message's name under `type`. Prices and quantities are integers of 10⁻⁸ (`_e8`), instants integer microseconds since
1970 UTC (`_us`). A field that is unknown, missing, mistyped or out of range makes the whole message refused.
`docs/engine-link.md` specifies each message; `vectors/` holds golden bytes.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

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

PROTOCOL_VERSION = 1
INT64_MAX = 2**63 - 1

Epoch = Annotated[int, Meta(ge=1, le=INT64_MAX)]  #: one life of the engine; grows with every start
Seq = Annotated[int, Meta(ge=0, le=INT64_MAX)]  #: +1 per message of its stream within an epoch; 0 = none yet
Session = Annotated[int, Meta(ge=1, le=INT64_MAX)]  #: the order bridge's fence: only the newest is served
CommandSeq = Annotated[int, Meta(ge=1, le=INT64_MAX)]  #: +1 per command within a session
Micros = Annotated[int, Meta(ge=0, le=INT64_MAX)]
PositiveE8 = Annotated[int, Meta(ge=1, le=INT64_MAX)]
AmountE8 = Annotated[int, Meta(ge=0, le=INT64_MAX)]
InstrumentId = Annotated[int, Meta(ge=1, le=2**32 - 1)]
Symbol = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9.\-/]{0,23}\Z")]
Exchange = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,8}\Z")]
ClientOrderId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:\-]{1,48}\Z")]
Token = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,64}\Z")]  #: an identifier, opaque to the reader
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{0,200}\Z")]  #: one line for people
Price = PositiveE8
Level = tuple[PositiveE8, PositiveE8]  #: price, absolute size
Levels = Annotated[list[Level], Meta(max_length=10_000)]  #: one side of a book, best first


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="type"):
    """One message of the link."""


# --- session ------------------------------------------------------------------------------------------------------
class Hello(Message, frozen=True, kw_only=True):
    """Bridge → engine, first on every connection: from now on only `session` may send commands."""

    protocol_version: Annotated[int, Meta(ge=1, le=65535)]
    session: Session
    last_epoch: Seq  #: of the last execution report applied; 0 = none
    last_seq: Seq
    sent_at_us: Micros


class Welcome(Message, frozen=True, kw_only=True):
    """Engine → bridge: the session is the newest; `last_seq` is the engine's last report in `epoch`."""

    protocol_version: Annotated[int, Meta(ge=1, le=65535)]
    session: Session
    epoch: Epoch
    last_seq: Seq
    sent_at_us: Micros


class SessionReject(Message, frozen=True, kw_only=True):
    """Engine → bridge: Hello or a command without a valid session was refused."""

    session: Seq
    code: RejectCode
    reason: Text


class ClientHeartbeat(Message, frozen=True, kw_only=True):
    """Bridge → engine, each second, from the link thread."""

    session: Session
    sent_at_us: Micros


class EngineHeartbeat(Message, frozen=True, kw_only=True):
    """Engine → bridge, each second on the command socket."""

    session: Session
    epoch: Epoch
    last_seq: Seq
    sent_at_us: Micros


class EngineStatus(Message, frozen=True, kw_only=True):
    """Engine → everyone, on topic `status`, at each change and each second."""

    epoch: Epoch
    state: EngineState
    sent_at_us: Micros


class TopicHeartbeat(Message, frozen=True, kw_only=True):
    """Engine → everyone, each second on every market-data topic; the envelope's seq is the topic's last one."""

    sent_at_us: Micros


# --- commands, bridge → engine --------------------------------------------------------------------------------------
class Command(Message, frozen=True, kw_only=True):
    """Members of every command. The engine refuses one that arrives after `deadline_us`."""

    session: Session
    command_seq: CommandSeq
    deadline_us: Micros


class NewOrder(Command, frozen=True, kw_only=True, tag="NewOrder"):
    """The engine holds at most one order for (`account`, `client_order_id`), whatever is sent how often."""

    order_id: UUID
    account: Token
    desk: Token | None = None
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_e8: PositiveE8
    price_e8: Price | None = None
    stop_price_e8: Price | None = None
    expires_at_us: Micros | None = None


class CancelOrder(Command, frozen=True, kw_only=True, tag="CancelOrder"):
    """Repeating it is harmless."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId


class ReplaceOrder(Command, frozen=True, kw_only=True, tag="ReplaceOrder"):
    """New total quantity and prices; absent members stay as they are."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId
    quantity_e8: PositiveE8 | None = None
    price_e8: Price | None = None
    stop_price_e8: Price | None = None


class MassCancel(Command, frozen=True, kw_only=True, tag="MassCancel"):
    """Cancels every open order of the scope; `target` is absent for the firm."""

    scope: MassCancelScope
    target: Token | None = None


class OrderStatusRequest(Command, frozen=True, kw_only=True, tag="OrderStatusRequest"):
    """Asks what the engine holds; a barrier: see `OrderStatus`."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId


class ReplayRequest(Message, frozen=True, kw_only=True):
    """Bridge → engine: send every report after (`epoch`, `after_seq`), later epochs included; epoch 0 = all."""

    session: Session
    epoch: Seq
    after_seq: Seq


# --- answers, engine → bridge ---------------------------------------------------------------------------------------
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


# --- queries, REQ/REP ----------------------------------------------------------------------------------------------
class InstrumentListRequest(Message, frozen=True, kw_only=True):
    """Asks for the instrument table of the current epoch."""

    request_id: CommandSeq


class Instrument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A row of the instrument table; `instrument_id` is valid within its epoch only."""

    instrument_id: InstrumentId
    symbol: Symbol
    exchange: Exchange
    shard: Token  #: its market data is on topic `md.<shard>`
    description: Text = ""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3,8}\Z")] = "USD"
    tick_e8: PositiveE8
    lot_e8: PositiveE8
    previous_close_e8: AmountE8 = 0  #: 0 = unknown


class InstrumentList(Message, frozen=True, kw_only=True):
    request_id: CommandSeq
    epoch: Epoch
    instruments: list[Instrument]


class BookSnapshotRequest(Message, frozen=True, kw_only=True):
    """Asks for the whole state of one shard's instruments, aligned to its market-data topic."""

    request_id: CommandSeq
    shard: Token


class InstrumentSnapshot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """All that a late joiner needs of one instrument; sides best first."""

    instrument_id: InstrumentId
    bids: Levels
    asks: Levels
    last_e8: AmountE8 = 0
    last_size_e8: AmountE8 = 0
    volume_e8: AmountE8 = 0  #: of the day
    turnover_e4: AmountE8 = 0  #: of the day: sum of price × size
    high_e8: AmountE8 = 0
    low_e8: AmountE8 = 0
    ts_us: Micros = 0  #: of its last change


class BookSnapshot(Message, frozen=True, kw_only=True):
    """State after message `seq` of topic `md.<shard>`: apply only what comes with a higher one."""

    request_id: CommandSeq
    epoch: Epoch
    shard: Token
    seq: Seq
    instruments: list[InstrumentSnapshot]


class QueryReject(Message, frozen=True, kw_only=True):
    """The query could not be read or served."""

    request_id: Seq
    code: RejectCode
    reason: Text


# --- work, PUSH/PULL -----------------------------------------------------------------------------------------------
class Bar(Message, frozen=True, kw_only=True):
    """A finished one-minute bar, for recorder workers; may be shared among them and come in any order."""

    instrument_id: InstrumentId
    symbol: Symbol
    epoch: Epoch
    start_us: Micros
    open_e8: PositiveE8
    high_e8: PositiveE8
    low_e8: PositiveE8
    close_e8: PositiveE8
    volume_e8: AmountE8


ToEngine = (
    Hello | ClientHeartbeat | NewOrder | CancelOrder | ReplaceOrder | MassCancel | OrderStatusRequest | ReplayRequest
)
FromEngine = Welcome | SessionReject | EngineHeartbeat | CommandReply | OrderStatus | ExecutionReport | ReplayDone
Query = InstrumentListRequest | BookSnapshotRequest
QueryReply = InstrumentList | BookSnapshot | QueryReject
Published = TopicHeartbeat | EngineStatus
