"""How does a recording of the engine link lie on disk, and how much of a broken one can be believed?

A head of 16 bytes, then blocks: length and CRC32 of what follows, then some messages, compressed with zlib. A block is
written in one piece, at most a second's worth, so that is what a crash costs. A reader gives every message of the whole
blocks before a fault, and then the fault by name.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import IO, NamedTuple

from bridge.wire.envelope import SIZE as ENVELOPE_BYTES
from bridge.wire.limits import MAX_PAYLOAD

MAGIC = b"TMWREC\r\n"  #: a transfer as text changes it
VERSION = 1
HEAD = struct.Struct("<8sHHI")  #: magic, version, 0, CRC32 of the twelve bytes before it
BLOCK = struct.Struct("<II")  #: length of the compressed bytes, their CRC32
MESSAGE = struct.Struct("<BQHI")  #: kind, ns since 1970, length of the topic, of envelope and payload together
FULL_BYTES = 256 * 1024  #: a block is written once it holds so much
MOST_BYTES = 2 * MAX_PAYLOAD  #: no block holds more: one message, and less than FULL_BYTES before it
LEVEL = 3  #: of zlib: three quarters of what 9 would save, for an eighth of the time


class RecordingError(Exception):
    """What is wrong with a recording, and what to do."""


class NotARecording(RecordingError):
    """The file does not begin as a recording does."""


class OtherVersion(RecordingError):
    """A recording of another version of the format."""


class CutOff(RecordingError):
    """The file ends within a block: a recorder died, or a copy is not whole."""


class Damaged(RecordingError):
    """Bytes of the file are not those that were written."""


class RecordingStopped(RecordingError):
    """Nothing more can be written; what was written before is a whole recording."""


class Kind(IntEnum):
    """What a message of the link was."""

    TABLE = 1  #: an answer: the instrument table. Everything behind it belongs to it, up to the next
    SNAPSHOT = 2  #: an answer: the state of a shard
    PUBLISHED = 3  #: of market data or status
    BAR = 4


class Recorded(NamedTuple):
    """One message: envelope and payload as they came, and when (ns since 1970, by the recorder's clock)."""

    kind: Kind
    at_ns: int
    topic: bytes  #: empty for answers and bars
    envelope: bytes
    payload: bytes


class RecordingWriter:
    """A new file; `RecordingError` where it cannot be made. `add`, `flush` once a second, `close`."""

    def __init__(self, path: Path) -> None:
        self.messages = 0
        self.path = path
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        try:
            self._file: IO[bytes] = path.open("xb", buffering=0)
        except FileExistsError:
            raise RecordingError(f"{path} exists already: choose another name.") from None
        except OSError as error:
            raise RecordingError(f"{path} cannot be written: {error.strerror}.") from error
        self.bytes = 0
        self._write(head())

    def add(self, message: Recorded) -> None:
        """`RecordingStopped` where the disk takes no more."""
        size = ENVELOPE_BYTES + len(message.payload)
        first = MESSAGE.pack(message.kind, message.at_ns, len(message.topic), size)
        self._waiting += (first, message.topic, message.envelope, message.payload)
        self._waiting_bytes += len(first) + len(message.topic) + size
        self.messages += 1
        if self._waiting_bytes >= FULL_BYTES:
            self.flush()

    def flush(self) -> None:
        """What waits is on disk afterwards; `RecordingStopped` as above."""
        if not self._waiting:
            return
        packed = zlib.compress(b"".join(self._waiting), LEVEL)
        self._waiting, self._waiting_bytes = [], 0
        self._write(BLOCK.pack(len(packed), zlib.crc32(packed)) + packed)

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        """Close; what was not flushed is lost."""
        self._file.close()

    def _write(self, block: bytes) -> None:
        try:
            done = 0
            while done < len(block):
                done += self._file.write(block[done:])
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):  # a reader leaves half a block out by itself
                self._file.truncate(self.bytes)
            why = f"{self.path} takes no more ({error.strerror}): the recording ends {self.bytes:,} bytes long, whole."
            raise RecordingStopped(why) from error
        self.bytes += len(block)


def head(version: int = VERSION) -> bytes:
    return HEAD.pack(MAGIC, version, 0, zlib.crc32(HEAD.pack(MAGIC, version, 0, 0)[:-4]))


def read_recording(path: Path) -> Iterator[Recorded]:
    """Every message of the whole blocks, in the order they came; then the fault, if there is one."""
    try:
        with path.open("rb") as file:
            _check_head(path, file.read(HEAD.size))
            while first := file.read(BLOCK.size):
                yield from _messages(path, _block(path, file, first))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}.") from error


def _check_head(path: Path, found: bytes) -> None:
    if found[: len(MAGIC)] != MAGIC:
        raise NotARecording(f"{path} is not a recording of `manage.py record`.")
    if len(found) < HEAD.size:
        raise CutOff(f"{path} ends within its first {HEAD.size} bytes: there is nothing in it.")
    _, version, _, checksum = HEAD.unpack(found)
    if checksum != zlib.crc32(found[:-4]):
        raise Damaged(f"{path} is damaged in its first {HEAD.size} bytes: fetch it again.")
    if version != VERSION:
        why = f"{path} has version {version}, this program reads {VERSION}: use the one that wrote it."
        raise OtherVersion(why)


def _block(path: Path, file: IO[bytes], first: bytes) -> bytes:
    """The messages of one block, unpacked."""
    begin = file.tell() - len(first)
    length, checksum = BLOCK.unpack(first) if len(first) == BLOCK.size else (0, 0)
    if length > MOST_BYTES:
        raise _damaged(path, begin)
    packed = file.read(length)
    if len(first) < BLOCK.size or len(packed) < length:
        raise CutOff(f"{path} is cut off: what was recorded after byte {begin:,} is missing.")
    unpacking = zlib.decompressobj()
    try:
        if zlib.crc32(packed) != checksum:
            raise _damaged(path, begin)
        unpacked = unpacking.decompress(packed, MOST_BYTES)
    except zlib.error:
        raise _damaged(path, begin) from None
    if not unpacking.eof or unpacking.unused_data:
        raise _damaged(path, begin)
    return unpacked


def _messages(path: Path, block: bytes) -> Iterator[Recorded]:
    begin = 0
    while begin < len(block):
        try:
            kind, at_ns, topic_bytes, size = MESSAGE.unpack_from(block, begin)
            topic = begin + MESSAGE.size
            envelope = topic + topic_bytes
            end = envelope + size
            if size < ENVELOPE_BYTES or end > len(block):
                raise ValueError(size)
            parted = envelope + ENVELOPE_BYTES
            yield Recorded(Kind(kind), at_ns, block[topic:envelope], block[envelope:parted], block[parted:end])
        except (struct.error, ValueError):
            raise Damaged(f"{path} holds a message that no recorder wrote.") from None
        begin = end


def _damaged(path: Path, begin: int) -> Damaged:
    return Damaged(f"{path} is damaged at byte {begin:,}: what was recorded from there on cannot be believed.")
