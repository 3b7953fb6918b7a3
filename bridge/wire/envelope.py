"""Is this payload whole, of our link and of our version? Asked before a byte of it is parsed.

An envelope is 32 bytes, little-endian: magic, version, kind, flags (0), epoch, seq, payload length, payload CRC32.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from zlib import crc32

from msgspec import Struct

from bridge.wire.faults import Reason, WireError
from bridge.wire.limits import INT64_MAX, MAX_PAYLOAD

MAGIC = b"TMW1"
VERSION = 1  #: of envelope, messages and batches together; `Hello` and `Welcome` carry it as `protocolVersion`
LAYOUT = Layout("<4sHBBQQII")
SIZE = LAYOUT.size


class Kind(IntEnum):
    """How the payload is to be read."""

    MESSAGE = 1  #: MessagePack, see `messages.py`
    QUOTES = 2  #: FlatBuffers, see `market.fbs`, as the two below
    TRADES = 3
    DEPTH = 4


class Envelope(Struct, frozen=True, gc=False):
    """What a checked envelope says. `epoch` and `seq` are 0 where its stream is not numbered by the envelope."""

    kind: Kind
    epoch: int
    seq: int


KINDS = {kind.value: kind for kind in Kind}


def seal(kind: Kind, payload: bytes, *, epoch: int = 0, seq: int = 0) -> bytes:
    """The 32 bytes that go before `payload`; `WireError` where it is too large or a number leaves 63 bits."""
    if len(payload) > MAX_PAYLOAD:
        raise WireError(Reason.TOO_LARGE, f"{len(payload)} bytes of payload, {MAX_PAYLOAD} allowed")
    if not (0 <= epoch <= INT64_MAX and 0 <= seq <= INT64_MAX):
        raise WireError(Reason.NUMBERING, f"epoch {epoch}, seq {seq}")
    return LAYOUT.pack(MAGIC, VERSION, kind, 0, epoch, seq, len(payload), crc32(payload))


def check(header: bytes, payload: bytes) -> Envelope:
    """What `header` says of `payload`, once all of it is found true; else `WireError`."""
    if len(header) != SIZE:
        raise WireError(Reason.ENVELOPE_SIZE, f"{len(header)} bytes, {SIZE} expected")
    magic, version, kind, flags, epoch, seq, length, checksum = LAYOUT.unpack(header)
    if magic == MAGIC and version == VERSION and kind in KINDS and not flags and length == len(payload) <= MAX_PAYLOAD:
        if checksum != crc32(payload):
            raise WireError(Reason.CHECKSUM, f"CRC32 {crc32(payload):08x}, {checksum:08x} expected")
        if epoch > INT64_MAX or seq > INT64_MAX:
            raise WireError(Reason.NUMBERING, f"epoch {epoch}, seq {seq}")
        return Envelope(KINDS[kind], epoch, seq)
    raise _fault(magic, version, kind, flags, length, len(payload))


def _fault(magic: bytes, version: int, kind: int, flags: int, length: int, size: int) -> WireError:
    if magic != MAGIC:
        return WireError(Reason.MAGIC, f"begins with {magic.hex()}")
    if version != VERSION:
        return WireError(Reason.VERSION, f"version {version}, {VERSION} expected")
    if kind not in KINDS:
        return WireError(Reason.KIND, f"kind {kind} is unknown")
    if flags:
        return WireError(Reason.FLAGS, f"flags {flags:#04x}, none are defined")
    if max(length, size) > MAX_PAYLOAD:
        return WireError(Reason.TOO_LARGE, f"{max(length, size)} bytes of payload, {MAX_PAYLOAD} allowed")
    return WireError(Reason.LENGTH, f"{size} bytes of payload, {length} expected")
