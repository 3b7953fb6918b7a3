"""What can be asked outside of a session, and what is handed out as work?"""

from __future__ import annotations

from msgspec import Struct

from bridge.wire.messages.fields import (
    AmountE8,
    CommandSeq,
    Currency,
    Epoch,
    Exchange,
    InstrumentId,
    Levels,
    Message,
    Micros,
    PositiveE8,
    Seq,
    Symbol,
    Text,
    Token,
)
from bridge.wire.vocabulary import RejectCode


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
    currency: Currency = "USD"
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
