"""Frames of sound messages and batches, and what damage makes of them.

Bits are flipped, pieces cut out, repeated or swapped for pieces of another message; most are sealed again afterwards,
so that the checksum does not hide the rest.
"""

from __future__ import annotations

from hypothesis import strategies as st

from bridge.wire import market
from bridge.wire.codec import encode_numbered
from bridge.wire.envelope import Kind, seal
from bridge.wire.messages import EngineStatus, TopicHeartbeat
from tests.bridge.wire.readers import BATCHES
from tests.bridge.wire.strategies import DIRECTIONS, changes, quotes, sound, trades

WRITERS = {"quotes": market.encode_quotes, "trades": market.encode_trades, "depth": market.encode_depth}
KINDS = {decoder: kind for decoder, (kind, _) in BATCHES.items()}
numbers = st.sampled_from([0, 1, 12, 2**63 - 1])


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
