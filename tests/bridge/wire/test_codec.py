"""A message comes back as it was sent, on its own socket only; everything else is refused with its reason."""

from __future__ import annotations

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from bridge.wire.codec import LISTS_OF_MAPS, encode, encode_numbered
from bridge.wire.envelope import Kind, check, seal
from bridge.wire.faults import Reason, WireError
from bridge.wire.golden.messages import examples
from bridge.wire.messages import (
    CancelOrder,
    EngineStatus,
    Instrument,
    InstrumentSnapshot,
    NewOrder,
    OpenOrder,
    TopicHeartbeat,
)
from tests.bridge.wire.readers import MESSAGES, read, reason_of
from tests.bridge.wire.strategies import DIRECTIONS, sound

BY_TYPE = pytest.mark.parametrize(("decoder", "cls"), DIRECTIONS, ids=[cls.__name__ for _, cls in DIRECTIONS])
EXAMPLES = {example.name: example for example in examples()}
HELLO = msgspec.msgpack.encode(EXAMPLES["hello"].message)
ORDER = EXAMPLES["new-order-limit"].message


def framed(message):
    return encode_numbered(message, 5, 9) if isinstance(message, TopicHeartbeat) else encode(message)


def sealed(payload):
    return [seal(Kind.MESSAGE, payload), payload]


@BY_TYPE
@settings(max_examples=25)
@given(data=st.data())
def test_a_message_comes_back_as_it_was_sent(decoder, cls, data):
    message = data.draw(sound(cls))
    assert read(decoder, framed(message)) == message


@BY_TYPE
@settings(max_examples=10)
@given(data=st.data())
def test_another_messagepack_library_reads_the_same_map(decoder, cls, data):
    message = data.draw(sound(cls))
    theirs = msgpack.unpackb(framed(message)[1], use_list=True)
    assert theirs == msgspec.to_builtins(message, builtin_types=()) or theirs == msgspec.json.decode(
        msgspec.json.encode(message)
    )


@BY_TYPE
@settings(max_examples=10)
@given(data=st.data())
def test_what_another_messagepack_library_writes_is_read(decoder, cls, data):
    message = data.draw(sound(cls))
    envelope, payload = framed(message)
    theirs = msgpack.packb(msgpack.unpackb(payload))
    numbers = check(envelope, payload)
    assert read(decoder, [seal(Kind.MESSAGE, theirs, epoch=numbers.epoch, seq=numbers.seq), theirs]) == message


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_a_message_is_taken_on_its_own_socket_only(example):
    frames = encode_numbered(example.message, example.epoch, example.seq)
    takers = {decoder for decoder in MESSAGES if reason_of(decoder, frames) is None}
    assert takers == {example.decoder}


@given(example=st.sampled_from(examples()), data=st.data())
def test_a_mutilated_message_is_refused(example, data):
    frames = encode_numbered(example.message, example.epoch, example.seq)
    which = data.draw(st.integers(0, 1))
    changed = mutilated(data, frames[which])
    frames[which] = changed
    try:
        assert read(example.decoder, frames) == example.message
    except WireError as fault:
        assert fault.reason in set(Reason)


@settings(max_examples=400)
@given(example=st.sampled_from(examples()), data=st.data())
def test_a_mutilated_payload_that_was_sealed_again_is_refused_or_means_what_it_says(example, data):
    payload = mutilated(data, msgspec.msgpack.encode(example.message))
    frames = [seal(Kind.MESSAGE, payload, epoch=example.epoch, seq=example.seq), payload]
    try:
        message = read(example.decoder, frames)
    except WireError as fault:
        assert fault.reason in set(Reason)
    else:
        assert read(example.decoder, encode_numbered(message, example.epoch, example.seq)) == message


def mutilated(data, whole):
    """Bits flipped, cut short, a piece replaced, or replaced altogether."""
    how = data.draw(st.sampled_from(["flip", "cut", "splice", "random"]))
    if how == "random" or not whole:
        return data.draw(st.binary(max_size=60))
    position = data.draw(st.integers(0, len(whole) - 1))
    if how == "cut":
        return whole[:position]
    if how == "flip":
        flipped = whole[position] ^ 1 << data.draw(st.integers(0, 7))
        return whole[:position] + bytes([flipped]) + whole[position + 1 :]
    piece = data.draw(st.binary(min_size=1, max_size=9))
    return whole[:position] + piece + whole[position + data.draw(st.integers(0, 9)) :]


@settings(max_examples=200)
@given(payload=st.binary(max_size=100), decoder=st.sampled_from(sorted(MESSAGES)))
def test_random_bytes_are_refused(payload, decoder):
    with pytest.raises(WireError):
        read(decoder, sealed(payload))


BOTTOMLESS = {
    "arrays": b"\x82\xa4type\xa5Hello\xa7session" + b"\x91" * 200_000,
    "arrays-under-an-unknown-key": b"\x81\xa5extra" + b"\x91" * 200_000 + b"\xc0",
    "maps": b"\x81\xa1x" * 200_000 + b"\xc0",
    "rows": b"\x82\xa4type\xaeInstrumentList\xabinstruments" + b"\x91" * 200_000,
    "array-of-2^32": b"\x82\xa4type\xaeInstrumentList\xabinstruments\xdd\xff\xff\xff\xff",
    "map-of-2^32": b"\xdf\xff\xff\xff\xff",
    "text-of-2^32": b"\x81\xa4type\xdb\xff\xff\xff\xff",
    "bytes-of-2^32": b"\x81\xa4type\xc6\xff\xff\xff\xff",
    "extension-of-2^32": b"\x81\xa4type\xc9\xff\xff\xff\xff\x01",
}


@pytest.mark.parametrize("payload", BOTTOMLESS.values(), ids=BOTTOMLESS)
@pytest.mark.parametrize("decoder", MESSAGES)
def test_bottomless_nesting_and_boundless_headers_are_refused(payload, decoder):
    assert reason_of(decoder, sealed(payload)) in {Reason.NOT_MESSAGEPACK, Reason.SCHEMA}


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.decoder != "published"])
def test_a_key_that_comes_twice_is_refused_wherever_it_stands(name):
    example = EXAMPLES[name]
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(example.message))
    for key, value in fields.items():
        again = msgspec.msgpack.encode(key) + msgspec.msgpack.encode(value)
        entries = b"".join(msgspec.msgpack.encode(k) + msgspec.msgpack.encode(v) for k, v in fields.items())
        payload = b"\xde" + (len(fields) + 1).to_bytes(2, "big") + entries + again
        assert reason_of(example.decoder, sealed(payload)) is Reason.REPEATED_KEY


def holds_maps(type_):
    if isinstance(type_, inspect.StructType | inspect.DictType):
        return True
    inner = [getattr(type_, "item_type", None), *getattr(type_, "item_types", ()), *getattr(type_, "types", ())]
    return any(holds_maps(each) for each in inner if each)


@pytest.mark.parametrize("cls", [*(cls for _, cls in DIRECTIONS), Instrument, InstrumentSnapshot, OpenOrder])
def test_no_other_field_holds_maps_in_which_a_key_could_come_twice(cls):
    fields = inspect.type_info(cls).fields
    assert {field.encode_name for field in fields if holds_maps(field.type)} <= set(LISTS_OF_MAPS)


def test_a_uuid_may_also_come_as_its_16_bytes():
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(ORDER))
    payload = msgspec.msgpack.encode(fields | {"orderId": ORDER.order_id.bytes})
    assert read("to_engine", sealed(payload)) == ORDER


def test_a_fault_of_four_mebibytes_is_told_in_one_line():
    payload = msgspec.msgpack.encode({"type": "Hello", "x" * 4_000_000: 1})
    with pytest.raises(WireError) as caught:
        read("to_engine", sealed(payload))
    assert len(str(caught.value)) < 400


def test_the_status_carries_its_epoch_in_the_envelope():
    status = EXAMPLES["engine-status"].message
    assert isinstance(status, EngineStatus)
    envelope, payload = encode(status)
    numbers = check(envelope, payload)
    assert (numbers.epoch, numbers.seq) == (status.epoch, 0)


def test_a_commands_numbers_stand_in_the_command_and_never_in_the_envelope():
    numbers = check(*encode(ORDER))
    assert (numbers.epoch, numbers.seq) == (0, 0)
    assert reason_of("to_engine", encode_numbered(ORDER, 12, 1)) is Reason.NUMBERING


UNSENDABLE = {
    "a-number-beyond-64-bits": {"quantity_e8": 2**64},
    "half-a-surrogate-pair": {"account": "\ud800"},
}


@pytest.mark.parametrize("change", UNSENDABLE.values(), ids=UNSENDABLE)
def test_what_the_wire_cannot_hold_is_not_encoded(change):
    with pytest.raises(WireError, match="SCHEMA"):
        encode(msgspec.structs.replace(ORDER, **change))


def test_a_message_beyond_four_mebibytes_is_not_encoded():
    with pytest.raises(WireError, match="TOO_LARGE"):
        encode(msgspec.structs.replace(ORDER, account="x" * 5_000_000))


def test_a_message_never_changes_after_it_is_made():
    assert isinstance(ORDER, NewOrder)
    with pytest.raises(AttributeError):
        ORDER.quantity_e8 = 1
    with pytest.raises(AttributeError):
        EXAMPLES["cancel-order"].message.account = "other"
    assert isinstance(EXAMPLES["cancel-order"].message, CancelOrder)
