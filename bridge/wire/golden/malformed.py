"""What must be refused, and for which reason? Every rule of the link is broken once, alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.msgpack import decode as unpack
from msgspec.msgpack import encode as pack

from bridge.wire.envelope import LAYOUT, VERSION, Kind, seal
from bridge.wire.faults import Reason
from bridge.wire.golden.market import batches
from bridge.wire.golden.messages import examples
from bridge.wire.limits import INT64_MAX, MAX_PAYLOAD

BYTES = {example.name: pack(example.message) for example in examples()}
DECODERS = {example.name: example.decoder for example in examples()}
BATCHES = {batch.name: batch.payload for batch in batches()}
HELLO = BYTES["hello"]


class Malformed(NamedTuple):
    """Frames that `decoder` must refuse for `reason`. `decoder` is a kind's name in lower case for a batch."""

    name: str
    decoder: str
    reason: Reason
    frames: list[bytes]


def malformed() -> list[Malformed]:
    """All of them; names are unique."""
    return [*_envelopes(), *_numbering(), *_messagepack(), *_schema(), *_repeated(), *_contradictions(), *_batches()]


def _envelopes() -> Iterator[Malformed]:
    good = seal(Kind.MESSAGE, HELLO)
    fields: dict[str, tuple[Reason, dict[str, Any]]] = {
        "magic-of-another-link": (Reason.MAGIC, {"magic": b"TMW2"}),
        "version-newer": (Reason.VERSION, {"version": VERSION + 1}),
        "version-big-endian": (Reason.VERSION, {"version": VERSION << 8}),
        "kind-zero": (Reason.KIND, {"kind": 0}),
        "kind-unknown": (Reason.KIND, {"kind": 9}),
        "kind-of-a-batch": (Reason.KIND, {"kind": Kind.QUOTES}),
        "flags-set": (Reason.FLAGS, {"flags": 1}),
        "payload-too-large": (Reason.TOO_LARGE, {"length": MAX_PAYLOAD + 1}),
        "length-too-small": (Reason.LENGTH, {"length": len(HELLO) - 1}),
        "length-too-large": (Reason.LENGTH, {"length": len(HELLO) + 1}),
        "epoch-beyond-63-bits": (Reason.NUMBERING, {"epoch": INT64_MAX + 1}),
        "seq-beyond-63-bits": (Reason.NUMBERING, {"seq": INT64_MAX + 1}),
    }
    for name, (reason, change) in fields.items():
        yield Malformed(name, "to_engine", reason, [_envelope(good, **change), HELLO])
    yield Malformed("no-frames", "to_engine", Reason.FRAME_COUNT, [])
    yield Malformed("payload-missing", "to_engine", Reason.FRAME_COUNT, [good])
    yield Malformed("frame-too-many", "to_engine", Reason.FRAME_COUNT, [good, HELLO, b""])
    yield Malformed("envelope-empty", "to_engine", Reason.ENVELOPE_SIZE, [b"", HELLO])
    yield Malformed("envelope-short", "to_engine", Reason.ENVELOPE_SIZE, [good[:-1], HELLO])
    yield Malformed("envelope-long", "to_engine", Reason.ENVELOPE_SIZE, [good + b"\0", HELLO])
    yield Malformed("payload-bit-flipped", "to_engine", Reason.CHECKSUM, [good, HELLO[:-1] + bytes([HELLO[-1] ^ 1])])


def _envelope(good: bytes, **change: Any) -> bytes:
    names = ("magic", "version", "kind", "flags", "epoch", "seq", "length", "checksum")
    return LAYOUT.pack(*(dict(zip(names, LAYOUT.unpack(good), strict=True)) | change).values())


def _numbering() -> Iterator[Malformed]:
    heartbeat, status = BYTES["topic-heartbeat"], BYTES["engine-status"]
    cases = {
        "command-numbered": ("to_engine", HELLO, 12, 1),
        "topic-heartbeat-without-epoch": ("published", heartbeat, 0, 5),
        "engine-status-of-another-epoch": ("published", status, 11, 0),
        "engine-status-numbered": ("published", status, 12, 5),
    }
    for name, (decoder, payload, epoch, seq) in cases.items():
        frames = [seal(Kind.MESSAGE, payload, epoch=epoch, seq=seq), payload]
        yield Malformed(name, decoder, Reason.NUMBERING, frames)


def _messagepack() -> Iterator[Malformed]:
    cases = {
        "payload-empty": b"",
        "payload-truncated": HELLO[:-1],
        "payload-with-a-byte-more": HELLO + b"\0",
        "opcode-never-used": HELLO[:-9] + b"\xc1",
        "mistyped-and-truncated": pack({"type": 7, "session": 7})[:-1],
        "unknown-and-with-a-byte-more": pack({"type": "Hallo"}) + b"\0",
        "map-header-beyond-the-end": b"\xdf\xff\xff\xff\xff",
        "text-header-beyond-the-end": b"\x81\xdb\xff\xff\xff\xff",
        "nested-too-deep": b"\x81\xa1x" * 2000,
    }
    for name, payload in cases.items():
        yield _sealed(name, "to_engine", Reason.NOT_MESSAGEPACK, payload)


def _schema() -> Iterator[Malformed]:
    yield _sealed("no-map", "to_engine", Reason.SCHEMA, pack(["Hello"]))
    yield _sealed("type-of-the-other-direction", "to_engine", Reason.SCHEMA, BYTES["welcome"])
    yield _sealed("text-not-utf8", "to_engine", Reason.SCHEMA, pack({"type": "Hello"})[:-5] + b"\xff" * 5)
    yield _sealed("key-not-text", "to_engine", Reason.SCHEMA, pack({7: 1, "type": "Hello"}))
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "type-unknown": ("hello", {"type": "Hallo"}),
        "type-missing": ("hello", {"type": ...}),
        "field-missing": ("hello", {"session": ...}),
        "field-unknown": ("hello", {"sessionId": 7}),
        "field-in-snake-case": ("hello", {"lastEpoch": ..., "last_epoch": 12}),
        "integer-as-float": ("hello", {"session": 7.0}),
        "integer-as-text": ("hello", {"session": "7"}),
        "integer-as-bool": ("hello", {"session": True}),
        "integer-as-nil": ("hello", {"session": None}),
        "integer-negative": ("hello", {"sentAtUs": -1}),
        "session-zero": ("hello", {"session": 0}),
        "quantity-zero": ("new-order-limit", {"quantityE8": 0}),
        "quantity-negative": ("new-order-limit", {"quantityE8": -(10**8)}),
        "quantity-beyond-63-bits": ("new-order-limit", {"quantityE8": INT64_MAX + 1}),
        "price-zero": ("new-order-limit", {"priceE8": 0}),
        "instrument-id-beyond-32-bits": ("new-order-limit", {"instrumentId": 2**32}),
        "side-in-capitals": ("new-order-limit", {"side": "BUY"}),
        "order-type-unknown": ("new-order-limit", {"orderType": "iceberg"}),
        "client-order-id-empty": ("new-order-limit", {"clientOrderId": ""}),
        "client-order-id-too-long": ("new-order-limit", {"clientOrderId": "x" * 49}),
        "client-order-id-with-a-space": ("new-order-limit", {"clientOrderId": "a b"}),
        "client-order-id-with-a-newline": ("new-order-limit", {"clientOrderId": "a\n"}),
        "order-id-no-uuid": ("new-order-limit", {"orderId": "order-1"}),
        "account-too-long": ("new-order-limit", {"account": "x" * 65}),
        "text-as-nil": ("command-reply-accepted", {"reason": None}),
        "reason-of-two-lines": ("session-reject", {"reason": "first\nsecond"}),
        "report-numbered-zero": ("execution-report-new", {"seq": 0}),
    }
    for name, (example, change) in cases.items():
        yield _changed(name, Reason.SCHEMA, example, change)


def _repeated() -> Iterator[Malformed]:
    order, table = BYTES["new-order-limit"], BYTES["instrument-list"]
    side, description = pack("side") + pack("sell"), pack("description") + pack("Apple Inc.")
    currency = pack("currency") + pack("USD")
    twice = bytes([0xDE, 0, order[2] + 1]) + order[3:] + side
    yield _sealed("key-twice", "to_engine", Reason.REPEATED_KEY, twice)
    instead = order.replace(pack("desk") + b"\xc0", b"") + side
    yield _sealed("key-twice-instead-of-an-optional-one", "to_engine", Reason.REPEATED_KEY, instead)
    nested = table.replace(description, currency)
    yield _sealed("key-twice-within-a-list", "query_reply", Reason.REPEATED_KEY, nested)


def _contradictions() -> Iterator[Malformed]:
    twin = _fields("instrument-list")["instruments"] * 2
    book = _fields("book-snapshot")["instruments"][0]
    listed = _fields("order-list")["orders"]
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "limit-without-price": ("new-order-limit", {"priceE8": None}),
        "limit-with-stop-price": ("new-order-limit", {"stopPriceE8": 1}),
        "market-with-price": ("new-order-market", {"priceE8": 1}),
        "stop-limit-without-stop-price": ("new-order-stop-limit-gtd", {"stopPriceE8": ...}),
        "gtd-without-expiry": ("new-order-stop-limit-gtd", {"expiresAtUs": ...}),
        "day-with-expiry": ("new-order-limit", {"expiresAtUs": 1}),
        "replace-of-nothing": ("replace-order", {"quantityE8": None}),
        "mass-cancel-of-a-desk-without-name": ("mass-cancel-desk", {"target": None}),
        "mass-cancel-of-the-firm-with-name": ("mass-cancel-firm", {"target": "alpha"}),
        "reply-rejected-without-code": ("command-reply-rejected", {"code": None}),
        "reply-accepted-with-code": ("command-reply-accepted", {"code": "OFF_TICK"}),
        "status-known-without-status": ("order-status-known", {"status": None}),
        "status-of-an-unknown-order": ("order-status-unknown", {"status": "new"}),
        "quantity-of-an-unknown-order": ("order-status-unknown", {"cumQuantityE8": 1}),
        "order-list-cut-short": ("order-list-empty", {"complete": False}),
        "order-list-in-another-order": ("order-list", {"orders": listed[::-1]}),
        "order-list-with-one-twice": ("order-list", {"orders": [listed[0], listed[0]]}),
        "trade-without-quantity": ("execution-report-trade-full", {"lastQuantityE8": 0}),
        "trade-without-price": ("execution-report-trade-full", {"lastPriceE8": ...}),
        "bust-of-no-execution": ("execution-report-trade-cancel", {"refExecId": None}),
        "trade-with-a-reference": ("execution-report-trade-full", {"refExecId": "12-1"}),
        "instrument-id-twice": ("instrument-list", {"instruments": twin}),
        "snapshot-id-twice": ("book-snapshot", {"instruments": [book, book]}),
        "snapshot-bids-worst-first": ("book-snapshot", {"instruments": [book | {"bids": book["bids"][::-1]}]}),
        "snapshot-level-twice": ("book-snapshot", {"instruments": [book | {"asks": book["asks"] * 2}]}),
        "bar-close-above-high": ("bar", {"closeE8": 189 * 10**8}),
        "bar-open-below-low": ("bar", {"openE8": 1}),
    }
    for name, (example, change) in cases.items():
        yield _changed(name, Reason.RANGE, example, change)


def _batches() -> Iterator[Malformed]:
    quotes, trades, depth = BATCHES["quotes-two"], BATCHES["trades-each-aggressor"], BATCHES["depth-one-event"]
    cleared = BATCHES["depth-cleared"]
    flatbuffer, impossible = Reason.FLATBUFFER, Reason.RANGE
    cases: dict[str, tuple[Kind, Reason, bytes]] = {
        "batch-empty": (Kind.QUOTES, flatbuffer, b""),
        "batch-short": (Kind.QUOTES, flatbuffer, quotes[:-1]),
        "batch-with-a-byte-more": (Kind.QUOTES, flatbuffer, quotes + b"\0"),
        "batch-root-beyond-the-end": (Kind.QUOTES, flatbuffer, _put(quotes, 0, "<I", len(quotes))),
        "batch-root-at-2^32": (Kind.QUOTES, flatbuffer, _put(quotes, 0, "<I", 2**32 - 1)),
        "batch-vtable-before-the-start": (Kind.QUOTES, flatbuffer, _put(quotes, 12, "<i", 13)),
        "batch-vtable-beyond-the-end": (Kind.QUOTES, flatbuffer, _put(quotes, 12, "<i", -len(quotes))),
        "batch-vtable-too-small": (Kind.QUOTES, flatbuffer, _put(quotes, 6, "<H", 4)),
        "batch-vector-absent": (Kind.QUOTES, flatbuffer, _put(quotes, 10, "<H", 0)),
        "batch-vector-outside-its-table": (Kind.QUOTES, flatbuffer, _put(quotes, 10, "<H", 6)),
        "batch-vector-beyond-the-end": (Kind.QUOTES, flatbuffer, _put(quotes, 16, "<I", 2**32 - 1)),
        "batch-count-too-small": (Kind.QUOTES, flatbuffer, _put(quotes, 20, "<I", 1)),
        "batch-count-too-large": (Kind.QUOTES, flatbuffer, _put(quotes, 20, "<I", 3)),
        "batch-count-of-2^32": (Kind.QUOTES, flatbuffer, _put(quotes, 20, "<I", 2**32 - 1)),
        "batch-misaligned": (Kind.QUOTES, flatbuffer, _put(quotes, 16, "<I", 8)[:20] + bytes(4) + quotes[20:]),
        "batch-of-another-kind": (Kind.TRADES, flatbuffer, quotes),
        "quote-of-instrument-zero": (Kind.QUOTES, impossible, _put(quotes, 24, "<I", 0)),
        "quote-time-negative": (Kind.QUOTES, impossible, _put(quotes, 32, "<q", -1)),
        "quote-volume-negative": (Kind.QUOTES, impossible, _put(quotes, 24 + 72 + 64, "<q", -1)),
        "trade-aggressor-unknown": (Kind.TRADES, impossible, _put(trades, 28, "<B", 3)),
        "trade-without-price": (Kind.TRADES, impossible, _put(trades, 48, "<q", 0)),
        "trade-without-size": (Kind.TRADES, impossible, _put(trades, 56, "<q", 0)),
        "depth-side-unknown": (Kind.DEPTH, impossible, _put(depth, 28, "<B", 3)),
        "depth-last-neither-true-nor-false": (Kind.DEPTH, impossible, _put(depth, 29, "<B", 2)),
        "depth-level-without-price": (Kind.DEPTH, impossible, _put(depth, 40, "<q", 0)),
        "depth-cleared-with-price": (Kind.DEPTH, impossible, _put(cleared, 40, "<q", 1)),
        "depth-cleared-with-size": (Kind.DEPTH, impossible, _put(cleared, 48, "<q", 1)),
    }
    for name, (kind, reason, payload) in cases.items():
        prefix = "" if name.startswith(("batch", "quote", "depth")) else "batch-"
        yield Malformed(prefix + name, kind.name.lower(), reason, [seal(kind, payload, epoch=12, seq=88_001), payload])


def _sealed(name: str, decoder: str, reason: Reason, payload: bytes) -> Malformed:
    return Malformed(name, decoder, reason, [seal(Kind.MESSAGE, payload), payload])


def _changed(name: str, reason: Reason, example: str, change: dict[str, Any]) -> Malformed:
    fields = {key: value for key, value in (_fields(example) | change).items() if value is not ...}
    return _sealed(name, DECODERS[example], reason, pack(fields))


def _fields(example: str) -> dict[str, Any]:
    fields: dict[str, Any] = unpack(BYTES[example])
    return fields


def _put(payload: bytes, position: int, layout: str, value: int) -> bytes:
    changed = bytearray(payload)
    struct.pack_into(layout, changed, position, value)
    return bytes(changed)
