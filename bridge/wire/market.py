"""What stands in a batch of quotes, trades or book changes, and is every byte of it sound?

A batch is a FlatBuffers table with one vector of fixed-size structs (`market.fbs`). Generated accessors cost 50 times
more than `struct`, and Python's FlatBuffers has no verifier, so the four offsets that lead to the vector are checked
here one by one and its rows unpacked in one go. Range checks look at whole columns: the sign bits of all prices of a
batch are one slice of bytes. Encoders check their own output in the same way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat, starmap
from operator import itemgetter
from struct import Struct
from typing import Any, NamedTuple, TypeVar

from bridge.wire.envelope import Kind
from bridge.wire.faults import Reason, WireError


class Quote(NamedTuple):
    """The whole top of one instrument after a change; an absent side, or no trade yet, is price 0 and size 0."""

    instrument_id: int
    ts_us: int
    bid_e8: int
    bid_size_e8: int
    ask_e8: int
    ask_size_e8: int
    last_e8: int
    last_size_e8: int
    volume_e8: int  #: of the day


class Trade(NamedTuple):
    """One trade; `trade_id` grows within an instrument and epoch."""

    instrument_id: int
    aggressor: int  #: 1 = a buyer took, 2 = a seller took, 0 = neither (auction, unknown)
    trade_id: int
    ts_us: int
    price_e8: int
    size_e8: int


class Depth(NamedTuple):
    """One price level after a change. Side 0 (price 0, size 0): the book is cleared, both sides are empty."""

    instrument_id: int
    side: int  #: 1 = bid, 2 = ask, 0 = book cleared
    last: bool  #: the last change of one book event: only here is the book consistent
    ts_us: int
    price_e8: int
    size_e8: int  #: absolute; 0 = the level is gone


QUOTE = Struct("<I4x8q")
TRADE = Struct("<IB3x4q")
DEPTH = Struct("<IB?2x3q")
Row = TypeVar("Row", Quote, Trade, Depth)

HEAD = Struct("<I2xHHHiII")  #: root offset, vtable (its size, table size, field offset), table (vtable, vector), count
VTABLE = Struct("<HHH")
OFFSET = Struct("<I")
SIGNED_OFFSET = Struct("<i")
ALIGNMENT = 8
USUAL_HEAD = HEAD.pack(12, 6, 8, 4, 6, 4, 0)[: -OFFSET.size]  #: as every builder writes it, up to the count
FIRST_COLUMN = 8  #: where the 64-bit values of a row begin, in all three layouts
ONE_BYTE_COLUMN = 4  #: aggressor or side
LAST_COLUMN = 5
instrument_ids = itemgetter(0)


def encode_quotes(rows: Iterable[Quote]) -> bytes:
    """The payload of kind QUOTES; `WireError` (RANGE) for rows that a reader would refuse."""
    payload = _encoded(QUOTE, rows)
    read_quotes(payload)
    return payload


def encode_trades(rows: Iterable[Trade]) -> bytes:
    """The payload of kind TRADES; `WireError` (RANGE) for rows that a reader would refuse."""
    payload = _encoded(TRADE, rows)
    read_trades(payload)
    return payload


def encode_depth(rows: Iterable[Depth]) -> bytes:
    """The payload of kind DEPTH; `WireError` (RANGE) for rows that a reader would refuse."""
    payload = _encoded(DEPTH, rows)
    read_depth(payload)
    return payload


def read_quotes(payload: bytes) -> list[Quote]:
    """The rows of a batch of quotes, in order; `WireError` (FLATBUFFER, RANGE)."""
    return _rows(QUOTE, Quote, payload)


def read_trades(payload: bytes) -> list[Trade]:
    """The rows of a batch of trades, in order; `WireError` (FLATBUFFER, RANGE)."""
    rows = _rows(TRADE, Trade, payload)
    _refuse_beyond(2, payload[len(payload) - len(rows) * TRADE.size + ONE_BYTE_COLUMN :: TRADE.size], "aggressor")
    if not all(row.price_e8 and row.size_e8 for row in rows):
        raise WireError(Reason.RANGE, "a trade without price or size")
    return rows


def read_depth(payload: bytes) -> list[Depth]:
    """The rows of a batch of book changes, in order; `WireError` (FLATBUFFER, RANGE)."""
    rows = _rows(DEPTH, Depth, payload)
    start = len(payload) - len(rows) * DEPTH.size
    _refuse_beyond(2, payload[start + ONE_BYTE_COLUMN :: DEPTH.size], "side")
    _refuse_beyond(1, payload[start + LAST_COLUMN :: DEPTH.size], "last")
    if not all(row.price_e8 if row.side else not (row.price_e8 or row.size_e8) for row in rows):
        raise WireError(Reason.RANGE, "a level without price, or a cleared book with one")
    return rows


def read_rows(kind: Kind, payload: bytes) -> list[Any]:
    """The rows of a batch of `kind`, in order; `WireError` (KIND, FLATBUFFER, RANGE)."""
    if (read := READERS.get(kind)) is None:
        raise WireError(Reason.KIND, f"{kind.name} where a batch is expected")
    return read(payload)


READERS: Mapping[Kind, Callable[[bytes], list[Any]]] = {
    Kind.QUOTES: read_quotes,
    Kind.TRADES: read_trades,
    Kind.DEPTH: read_depth,
}


def _encoded(layout: Struct, rows: Iterable[tuple[int, ...]]) -> bytes:
    try:
        body = b"".join(starmap(layout.pack, rows))
    except struct.error as error:
        raise WireError(Reason.RANGE, str(error)) from error
    return HEAD.pack(12, 6, 8, 4, 6, 4, len(body) // layout.size) + body


def _rows(layout: Struct, row: type[Row], payload: bytes) -> list[Row]:
    start = HEAD.size if payload.startswith(USUAL_HEAD) else _first_row(payload)
    body = _counted(payload, start, layout.size)
    if not body[7::8].isascii():  # the highest byte of every value, and padding, which may be anything
        _refuse_negative(layout, body)
    rows: list[Row] = list(map(tuple.__new__, repeat(row), layout.iter_unpack(body)))  # `_make`, at the speed of C
    if not all(map(instrument_ids, rows)):
        raise WireError(Reason.RANGE, "an instrument id of 0")
    return rows


def _refuse_negative(layout: Struct, body: bytes) -> None:
    for column in range(FIRST_COLUMN, layout.size, 8):
        if not body[column + 7 :: layout.size].isascii():  # the highest byte of each value: its sign bit
            raise WireError(Reason.RANGE, "a negative number")


def _first_row(payload: bytes) -> int:
    """Where the rows begin, with root, table, vtable and vector found to lie inside the buffer."""
    table = _at(OFFSET, payload, 0)
    vtable = table - _at(SIGNED_OFFSET, payload, table)
    if not 0 <= vtable <= len(payload) - VTABLE.size:
        raise WireError(Reason.FLATBUFFER, f"the vtable would be at {vtable} of {len(payload)} bytes")
    vtable_size, table_size, field = VTABLE.unpack_from(payload, vtable)
    if vtable_size < VTABLE.size or not OFFSET.size <= field <= table_size - OFFSET.size:
        raise WireError(Reason.FLATBUFFER, f"vtable of {vtable_size}, table of {table_size} bytes, rows at {field}")
    vector: int = table + field + _at(OFFSET, payload, table + field)
    _at(OFFSET, payload, vector)
    return vector + OFFSET.size


def _counted(payload: bytes, start: int, row_size: int) -> bytes:
    """The rows that begin at `start`, where the number before it is theirs."""
    count = int.from_bytes(payload[start - OFFSET.size : start], "little")
    if start % ALIGNMENT or start + count * row_size != len(payload):
        raise WireError(Reason.FLATBUFFER, f"{count} rows at {start} of {len(payload)} bytes")
    return payload[start:]


def _at(number: Struct, payload: bytes, position: int) -> int:
    if not 0 <= position <= len(payload) - number.size:
        raise WireError(Reason.FLATBUFFER, f"an offset leads to {position} of {len(payload)} bytes")
    return int(number.unpack_from(payload, position)[0])


def _refuse_beyond(limit: int, column: bytes, name: str) -> None:
    if column and max(column) > limit:
        raise WireError(Reason.RANGE, f"{name} {max(column)}, at most {limit} is defined")
