"""How do ready-made item bytes become one WebSocket message, as a finished frame?

A push is `{channel, type, data: […]}`; `data` joins the items' bytes as they are, so nothing is encoded twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, msgpack

from marketdata.items import to_json, to_msgpack
from marketdata.raw_frames import BINARY_HEADS, BINARY_OPCODE, HEADS_KNOWN, TEXT_HEADS, TEXT_OPCODE, head

JSON, MSGPACK = "json", "msgpack"
FORMATS = (JSON, MSGPACK)
UPDATE, SNAPSHOT = "update", "snapshot"
FRAME_BYTES = 256 * 1024  #: clients refuse messages above a limit, often a mebibyte; only one item may be larger

ENCODERS = {JSON: to_json, MSGPACK: to_msgpack}


def array_header(length: int) -> bytes:
    """MessagePack's header of an array."""
    if length < 16:
        return bytes((0x90 | length,))
    if length < 65_536:
        return b"\xdc" + length.to_bytes(2, "big")
    return b"\xdd" + length.to_bytes(4, "big")


class Envelope:
    """All that stands around the items of one channel and type, in one format."""

    __slots__ = ("_begin", "_end", "_heads", "_json", "_opcode", "_size")

    def __init__(self, channel: str, kind: str, wire: str) -> None:
        self._json = wire == JSON
        if self._json:
            self._begin, self._end = f'{{"channel":"{channel}","type":"{kind}","data":['.encode(), b"]}"
            self._opcode, self._heads = TEXT_OPCODE, TEXT_HEADS
        else:
            words = ("channel", channel, "type", kind, "data")
            self._begin, self._end = b"\x83" + b"".join(map(msgpack.encode, words)), b""
            self._opcode, self._heads = BINARY_OPCODE, BINARY_HEADS
        self._size = len(self._begin) + len(self._end)

    def around(self, items: Sequence[bytes]) -> bytes:
        """The finished frame that carries `items`, in order; several, joined, where one would be too large."""
        body = b",".join(items) if self._json else array_header(len(items)) + b"".join(items)
        size = self._size + len(body)
        if size < HEADS_KNOWN:
            return b"".join((self._heads[size], self._begin, body, self._end))
        if size > FRAME_BYTES and len(items) > 1:
            half = len(items) // 2
            return self.around(items[:half]) + self.around(items[half:])
        return b"".join((head(self._opcode, size), self._begin, body, self._end))


ENVELOPES = {
    (channel, kind, wire): Envelope(channel, kind, wire)
    for channel in ("quotes", "trades", "book", "heartbeat")
    for kind in (UPDATE, SNAPSHOT)
    for wire in FORMATS
}


def push(channel: str, kind: str, wire: str, items: Sequence[bytes]) -> bytes:
    """The frame of one channel and type that carries `items`."""
    return ENVELOPES[channel, kind, wire].around(items)


class Heartbeat(Struct, rename="camel", frozen=True, omit_defaults=True):
    """Told each second: the feed's state and how long ago the engine was last heard (absent: never)."""

    ts: int
    state: str
    age_ms: int | None = None
