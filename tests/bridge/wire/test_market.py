"""Batches come back row by row; a batch with one unsound byte is refused as a whole."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.wire.envelope import Kind
from bridge.wire.faults import Reason, WireError
from bridge.wire.golden.market import batches
from bridge.wire.limits import INT64_MAX
from bridge.wire.market import (
    Depth,
    Quote,
    Trade,
    encode_depth,
    encode_quotes,
    encode_trades,
    read_depth,
    read_quotes,
    read_rows,
    read_trades,
)
from tests.bridge.wire.strategies import changes, quotes, trades

QUOTE = Quote(3, 1, 2, 3, 4, 5, 6, 7, 8)
TRADE = Trade(3, 1, 2, 3, 4, 5)
LEVEL = Depth(3, 1, True, 2, 3, 4)
WRITERS = {Quote: (encode_quotes, read_quotes), Trade: (encode_trades, read_trades), Depth: (encode_depth, read_depth)}
rows_of_a_kind = st.lists(quotes, max_size=8) | st.lists(trades, max_size=8) | st.lists(changes, max_size=8)


def codec_of(rows):
    return WRITERS[type(rows[0])] if rows else WRITERS[Quote]


@given(rows_of_a_kind)
def test_rows_come_back_as_they_were_sent(rows):
    write, read = codec_of(rows)
    assert read(write(rows)) == rows


@pytest.mark.parametrize("row", [QUOTE, TRADE, LEVEL], ids=lambda row: type(row).__name__)
def test_rows_come_back_with_their_names_and_types(row):
    write, read = WRITERS[type(row)]
    (found,) = read(write([row]))
    assert type(found) is type(row)
    assert list(map(type, found)) == list(map(type, row))


def test_a_batch_takes_an_iterator_and_plain_tuples():
    assert read_quotes(encode_quotes(iter([QUOTE]))) == [QUOTE]
    assert read_trades(encode_trades([tuple(TRADE)])) == [TRADE]


def test_many_rows_are_one_header_and_their_own_bytes():
    assert len(encode_quotes([QUOTE] * 1000)) == 24 + 1000 * 72
    assert len(encode_trades([TRADE] * 1000)) == 24 + 1000 * 40
    assert len(encode_depth([LEVEL] * 1000)) == 24 + 1000 * 32


@settings(max_examples=500)
@given(batch=st.sampled_from([batch for batch in batches() if batch.rows]), data=st.data())
def test_a_mutilated_batch_is_refused_or_means_what_it_says(batch, data):
    write, read = codec_of(batch.rows)
    changed = bytearray(batch.payload)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    payload = bytes(changed[: data.draw(st.integers(0, len(changed)))]) if data.draw(st.booleans()) else bytes(changed)
    try:
        rows = read(payload)
    except WireError as fault:
        assert fault.reason in {Reason.FLATBUFFER, Reason.RANGE}
    else:
        assert read(write(rows)) == rows


@pytest.mark.parametrize("read", [read_quotes, read_trades, read_depth])
@given(payload=st.binary(max_size=120))
def test_random_bytes_are_refused_or_empty(read, payload):
    try:
        assert read(payload) == []
    except WireError as fault:
        assert fault.reason is Reason.FLATBUFFER


@pytest.mark.parametrize("position", range(24))
@pytest.mark.parametrize("value", [0, 1, 4, 7, 12, 20, 24, 255])
def test_no_byte_of_the_header_can_lead_a_reader_astray(position, value):
    payload = bytearray(encode_quotes([QUOTE, QUOTE]))
    payload[position] = value
    try:
        assert read_quotes(bytes(payload)) == [QUOTE, QUOTE]
    except WireError as fault:
        assert fault.reason is Reason.FLATBUFFER


def test_each_price_and_size_is_checked_in_each_row():
    for field in Quote._fields[1:]:
        for position in range(3):
            rows = [QUOTE, QUOTE, QUOTE]
            rows[position] = QUOTE._replace(**{field: -1})
            with pytest.raises(WireError, match="negative"):
                encode_quotes(rows)


IMPOSSIBLE = [
    (encode_quotes, QUOTE._replace(instrument_id=0)),
    (encode_quotes, QUOTE._replace(instrument_id=2**32)),
    (encode_quotes, QUOTE._replace(bid_e8=INT64_MAX + 1)),
    (encode_quotes, QUOTE._replace(ts_us=-1)),
    (encode_trades, TRADE._replace(aggressor=3)),
    (encode_trades, TRADE._replace(price_e8=0)),
    (encode_trades, TRADE._replace(size_e8=0)),
    (encode_trades, TRADE._replace(trade_id=-1)),
    (encode_depth, LEVEL._replace(side=3)),
    (encode_depth, LEVEL._replace(price_e8=0)),
    (encode_depth, LEVEL._replace(size_e8=-1)),
    (encode_depth, LEVEL._replace(side=0)),
    (encode_depth, LEVEL._replace(side=0, price_e8=0)),
]


@pytest.mark.parametrize(("write", "row"), IMPOSSIBLE)
def test_a_row_that_a_reader_would_refuse_is_not_sent(write, row):
    with pytest.raises(WireError, match="RANGE"):
        write([row])


def test_a_row_of_too_few_values_is_not_sent():
    with pytest.raises(WireError, match="RANGE"):
        encode_quotes([(1, 2, 3)])


def test_a_cleared_book_is_a_row_of_its_own():
    gone = Depth(3, 0, True, 9, 0, 0)
    assert read_depth(encode_depth([gone, LEVEL])) == [gone, LEVEL]


def test_another_writers_layout_of_the_same_table_is_read():
    """Vtable behind the table and room between the parts: legal, though no builder known to us does it."""
    row = struct.pack("<I4x8q", *QUOTE)
    table, vtable, vector = 8, 24, 36
    head = struct.pack("<I4xiI8xHHH6xI", table, table - vtable, vector - (table + 4), 6, 8, 4, 1)
    assert len(head) == vector + 4
    assert read_quotes(head + row) == [QUOTE]


def test_a_batch_is_read_by_its_kind_and_a_message_is_none():
    assert read_rows(Kind.QUOTES, encode_quotes([QUOTE])) == [QUOTE]
    assert read_rows(Kind.TRADES, encode_trades([TRADE])) == [TRADE]
    assert read_rows(Kind.DEPTH, encode_depth([LEVEL])) == [LEVEL]
    with pytest.raises(WireError, match="KIND"):
        read_rows(Kind.MESSAGE, b"")


def test_padding_may_hold_anything_but_numbers_may_not_be_negative():
    payload = bytearray(encode_quotes([QUOTE, QUOTE]))
    payload[24 + 4 : 24 + 8] = b"\xff" * 4
    assert read_quotes(bytes(payload)) == [QUOTE, QUOTE]
    payload[-1] = 0x80
    with pytest.raises(WireError, match="negative"):
        read_quotes(bytes(payload))
