"""Python and the C++ kit take the same frames for the same messages, and refuse the same frames for the same reason.

Sound messages are drawn from the message types. They are then damaged: bits flipped, pieces cut out, repeated or
swapped for pieces of another message; most are sealed again afterwards, so that the checksum does not hide the rest.
"""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.wire import market
from bridge.wire.codec import encode_numbered
from bridge.wire.envelope import Envelope, Kind, check, seal
from bridge.wire.faults import WireError
from bridge.wire.messages import EngineStatus, TopicHeartbeat
from tests.bridge.wire.readers import BATCHES, read
from tests.bridge.wire.strategies import DIRECTIONS, changes, quotes, sound, trades

WRITERS = {"quotes": market.encode_quotes, "trades": market.encode_trades, "depth": market.encode_depth}
KINDS = {decoder: kind for decoder, (kind, _) in BATCHES.items()}
numbers = st.sampled_from([0, 1, 12, 2**63 - 1])


def python_read_and_write(decoder, frames):
    """What Python writes of what it has read, or why it refuses the frames."""
    try:
        said = read(decoder, frames)
    except WireError as error:
        return error.reason
    envelope: Envelope = check(*frames)
    if decoder in BATCHES:
        payload = WRITERS[decoder](said)
        return [seal(KINDS[decoder], payload, epoch=envelope.epoch, seq=envelope.seq), payload]
    return encode_numbered(said, envelope.epoch, envelope.seq)


@st.composite
def messages(draw):
    """(decoder, frames) of a sound message."""
    decoder, cls = draw(st.sampled_from(DIRECTIONS))
    message = draw(sound(cls))
    epoch = message.epoch if cls is EngineStatus else 12 if cls is TopicHeartbeat else 0
    return decoder, encode_numbered(message, epoch, draw(numbers) if cls is TopicHeartbeat else 0)


@st.composite
def batches(draw):
    """(decoder, frames) of a sound batch."""
    decoder, row = draw(st.sampled_from([("quotes", quotes), ("trades", trades), ("depth", changes)]))
    payload = WRITERS[decoder](draw(st.lists(row, max_size=4)))
    return decoder, [seal(KINDS[decoder], payload, epoch=draw(numbers), seq=draw(numbers)), payload]


@st.composite
def damaged(draw, source):
    """(decoder, frames) with the payload, or sometimes the envelope, damaged in one to three places."""
    decoder, (envelope, payload) = draw(source)
    other = draw(source)[1][1]
    for _ in range(draw(st.integers(1, 3))):
        payload = draw(one_damage(payload, other))
    if draw(st.integers(0, 4)):
        return decoder, [seal(KINDS.get(decoder, Kind.MESSAGE), payload, epoch=12 * (decoder in KINDS)), payload]
    return decoder, [draw(one_damage(envelope, envelope)), payload]


@st.composite
def one_damage(draw, data, other):
    start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
    match draw(st.sampled_from(["flip", "set", "cut", "repeat", "splice", "insert"])):
        case "flip" if data:
            at = min(start, len(data) - 1)
            return data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
        case "set" if data:
            at = min(start, len(data) - 1)
            return data[:at] + draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
        case "repeat":
            return data[:end] + data[start:end] + data[end:]
        case "splice":
            return data[:start] + other[min(start, len(other)) :]
        case "insert":
            return data[:start] + draw(st.binary(max_size=4)) + data[start:]
    return data[:start] + data[end:]


@settings(max_examples=150)
@given(said=messages() | batches())
def test_what_python_writes_the_kit_reads_and_writes_alike(kit_filter, said):
    decoder, frames = said
    assert kit_filter.read_and_write(decoder, frames) == frames


@settings(max_examples=600)
@example(said=("to_engine", []))
@example(said=("query", [b"", b""]))
@given(said=damaged(messages() | batches()))
def test_damaged_frames_are_taken_or_refused_alike(kit_filter, said):
    decoder, frames = said
    assert kit_filter.read_and_write(decoder, frames) == python_read_and_write(decoder, frames)
