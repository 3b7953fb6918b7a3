"""Every encoding of the public MessagePack test suite is read as its value where the field allows it, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.wire.envelope import Kind, seal
from bridge.wire.faults import Reason
from bridge.wire.limits import INT64_MAX
from tests.bridge.wire.readers import MESSAGES, read, reason_of

SUITE = Path(__file__).resolve().parents[4] / "shared" / "data" / "vectors" / "msgpack-test-suite.json"
pytestmark = pytest.mark.skipif(not SUITE.is_file(), reason=f"the MessagePack test suite is not at {SUITE}")
INTEGERS = ("20.number-positive.yaml", "21.number-negative.yaml", "23.number-bignum.yaml")
TEXTS = ("30.string-ascii.yaml", "31.string-utf8.yaml", "32.string-emoji.yaml")
FLOATS = (b"\xca", b"\xcb")


def encodings(*groups):
    """(value, bytes) of all cases of the groups, or of every group."""
    suite = json.loads(SUITE.read_text("utf-8")) if SUITE.is_file() else {}
    for name in groups or suite:
        for case in suite.get(name, []):
            value = int(case["bignum"]) if "bignum" in case else next(iter(case.values()))
            yield from ((value, bytes.fromhex(text.replace("-", ""))) for text in case["msgpack"])


def sealed(payload):
    return [seal(Kind.MESSAGE, payload), payload]


def heartbeat(sent_at):
    return sealed(b"\x83\xa4type\xafClientHeartbeat\xa7session\x07\xa8sentAtUs" + sent_at)


def rejection(reason):
    return sealed(b"\x84\xa4type\xadSessionReject\xa7session\x07\xa4code\xa9MALFORMED\xa6reason" + reason)


def test_every_integer_is_read_as_its_value_or_refused():
    seen = 0
    for value, encoded in encodings(*INTEGERS):
        if encoded[:1] in FLOATS or not 0 <= value <= INT64_MAX:
            assert reason_of("to_engine", heartbeat(encoded)) is Reason.SCHEMA
        else:
            assert read("to_engine", heartbeat(encoded)).sent_at_us == value
            seen += 1
    assert seen > 30


def test_every_text_is_read_as_its_value():
    found = [(read("from_engine", rejection(encoded)).reason, value) for value, encoded in encodings(*TEXTS)]
    assert len(found) > 15
    assert all(ours == theirs for ours, theirs in found)


def test_no_other_value_is_taken_for_a_message_a_number_or_a_text():
    for _, encoded in encodings():
        for decoder in MESSAGES:
            assert reason_of(decoder, sealed(encoded)) in {Reason.SCHEMA, Reason.NOT_MESSAGEPACK}
    for group in ("10.nil.yaml", "11.bool.yaml", "12.binary.yaml", "22.number-float.yaml", "40.array.yaml"):
        for _, encoded in encodings(group):
            assert reason_of("to_engine", heartbeat(encoded)) is Reason.SCHEMA
            assert reason_of("from_engine", rejection(encoded)) is Reason.SCHEMA
    for group in ("41.map.yaml", "42.nested.yaml", "50.timestamp.yaml", "60.ext.yaml"):
        for _, encoded in encodings(group):
            assert reason_of("to_engine", heartbeat(encoded)) is Reason.SCHEMA
