"""Which other bytes mean the same? MessagePack leaves its writers choices; a reader takes all of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.msgpack import decode as unpack
from msgspec.msgpack import encode as pack

from bridge.wire.envelope import Kind, seal
from bridge.wire.golden.messages import ORDER, examples

BYTES = {example.name: pack(example.message) for example in examples()}


class Tolerated(NamedTuple):
    """Frames that `decoder` reads as the message of the golden vector `means`."""

    name: str
    means: str
    decoder: str
    frames: list[bytes]


def tolerated() -> list[Tolerated]:
    return [
        Tolerated(name, means, "to_engine", [seal(Kind.MESSAGE, payload), payload])
        for name, means, payload in [*_headers(), *_fields()]
    ]


def _headers() -> Iterator[tuple[str, str, bytes]]:
    hello = BYTES["hello"]
    count = hello[0] & 0x0F
    yield "map-16-header", "hello", bytes([0xDE, 0, count]) + hello[1:]
    yield "map-32-header", "hello", bytes([0xDF, 0, 0, 0, count]) + hello[1:]
    yield "text-8-header", "hello", hello.replace(b"\xa5Hello", b"\xd9\x05Hello")
    yield "integer-of-64-bits", "hello", hello.replace(b"session\x07", b"session\xcf" + (7).to_bytes(8, "big"))
    yield "integer-signed", "hello", hello.replace(b"session\x07", b"session\xd1" + (7).to_bytes(2, "big"))


def _fields() -> Iterator[tuple[str, str, bytes]]:
    hello, order = unpack(BYTES["hello"]), unpack(BYTES["new-order-limit"])
    yield "keys-in-another-order", "hello", pack(dict(reversed(hello.items())))
    present = {key: value for key, value in order.items() if value is not None}
    yield "optional-fields-left-out", "new-order-limit", pack(present)
    yield "uuid-of-16-bytes", "new-order-limit", pack(order | {"orderId": ORDER["order_id"].bytes})
    yield "uuid-without-hyphens", "new-order-limit", pack(order | {"orderId": ORDER["order_id"].hex})
    yield "uuid-in-capitals", "new-order-limit", pack(order | {"orderId": str(ORDER["order_id"]).upper()})
