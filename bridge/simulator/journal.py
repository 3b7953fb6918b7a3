"""What did this engine receive and report, in an order that survives any crash?

An append-only file of records, each under its own CRC32. The records of one pass of the server (commands as they came,
the reports they caused) end with a COMMIT record and reach the disk in one write and one fsync, before any answer
leaves. What follows the last COMMIT was never answered: at the next start it is cut off, kept aside and logged.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple
from zlib import crc32

from bridge.wire.codec import decode_from_engine, decode_to_engine
from bridge.wire.messages import FromEngine, ToEngine

logger = logging.getLogger(__name__)

FILE_NAME = "journal"
MAGIC = b"TMWJ\x01\x00\x00\x00"
HEAD = Struct("<II")  #: length and CRC32 of what follows: stamp and body
STAMP = Struct("<BQQH")  #: kind, time (µs), session, length of the first frame
MAX_RECORD = 8 * 1024 * 1024


class RecordKind(IntEnum):
    START = 1  #: the engine started; the stamp's session is its epoch
    SESSION = 2  #: a bridge became the newest session
    COMMAND = 3  #: a command as it was received, before de-duplication
    REPORT = 4  #: an execution report as it is sent
    TRIGGER = 5  #: a stop order was triggered; the second frame is its external order id
    COMMIT = 6  #: everything before this is durable
    ENTRY = 7  #: an order that no bridge sent, as the command that would have


class Record(NamedTuple):
    """One entry. `frames` are envelope and payload for COMMAND, REPORT and ENTRY."""

    kind: RecordKind
    at_us: int
    session: int
    frames: tuple[bytes, bytes]
    offset: int  #: of its head in the file

    @property
    def payload(self) -> bytes:
        return self.frames[1]

    def message(self) -> ToEngine | FromEngine:
        """The command or report; `WireError` where the frames hold neither."""
        return decode_from_engine(self.frames) if self.kind is RecordKind.REPORT else decode_to_engine(self.frames)


class JournalFault(Exception):
    """The file is no journal of ours, or a record of it is needed and not there."""


def read_journal(path: Path) -> Iterator[Record]:
    """Every durable record of the journal at `path` (a directory of an engine, or the file), COMMITs left out.

    May be called while the engine writes: what is not committed yet is not shown.
    """
    with _file(path).open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise JournalFault(f"{path} is not an engine's journal.")
        pending: list[Record] = []
        for record in _records(file):
            if record.kind is RecordKind.COMMIT:
                yield from pending
                pending = []
            else:
                pending.append(record)


def _file(path: Path) -> Path:
    return path / FILE_NAME if path.is_dir() else path


def _records(file: BinaryIO) -> Iterator[Record]:
    """Whole, true records from the file's position on, up to the first that is neither."""
    while (record := _next_record(file)) is not None:
        yield record


def _next_record(file: BinaryIO) -> Record | None:
    offset = file.tell()
    head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    length, checksum = HEAD.unpack(head)
    if not STAMP.size <= length <= MAX_RECORD:
        return None
    data = file.read(length)
    if len(data) < length or crc32(data) != checksum:
        return None
    kind, at_us, session, first = STAMP.unpack_from(data)
    body = data[STAMP.size :]
    return Record(RecordKind(kind), at_us, session, (body[:first], body[first:]), offset)


class Journal:
    """The writing side; exactly one engine holds it. Any fault of the disk ends the engine: it must not answer."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / FILE_NAME
        self._file = self._opened()
        self._reader = self.path.open("rb")
        self._buffer: list[bytes] = []
        self._end = self._file.tell()

    @staticmethod
    def exists(directory: Path) -> bool:
        """Did an engine ever write in `directory`?"""
        path = directory / FILE_NAME
        return path.exists() and path.stat().st_size >= len(MAGIC)

    def append(self, kind: RecordKind, at_us: int, session: int = 0, frames: tuple[bytes, bytes] = (b"", b"")) -> int:
        """Take a record in; its offset. It is on disk after the next `commit`."""
        data = STAMP.pack(kind, at_us, session, len(frames[0])) + frames[0] + frames[1]
        record = HEAD.pack(len(data), crc32(data)) + data
        offset = self._end
        self._buffer.append(record)
        self._end += len(record)
        return offset

    def commit(self, at_us: int) -> None:
        """Make durable what was appended since the last time; does nothing where there is nothing."""
        if not self._buffer:
            return
        self.append(RecordKind.COMMIT, at_us)
        try:
            self._file.write(b"".join(self._buffer))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise JournalFault(f"{self.path} cannot be written: {error.strerror}") from error
        self._buffer.clear()

    def frames_at(self, offset: int) -> tuple[bytes, bytes]:
        """The frames of the durable record at `offset`."""
        self._reader.seek(offset)
        record = _next_record(self._reader)
        if record is None:
            raise JournalFault(f"No record at {offset} of {self.path}.")
        return record.frames

    def close(self) -> None:
        self._reader.close()
        self._file.close()

    def _opened(self) -> BinaryIO:
        if not Journal.exists(self.path.parent):
            self.path.write_bytes(MAGIC)
        end = self._cut()
        file = self.path.open("r+b")
        file.seek(end)
        _sync_directory(self.path.parent)
        return file

    def _cut(self) -> int:
        """Cut what follows the last COMMIT; where the file ends now."""
        with self.path.open("r+b") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise JournalFault(f"{self.path} is not an engine's journal.")
            end = len(MAGIC)
            for record in _records(file):
                if record.kind is RecordKind.COMMIT:
                    end = record.offset + HEAD.size + STAMP.size
            file.seek(end)
            if torn := file.read():
                aside = self.path.with_name(f"{FILE_NAME}.cut-at-{end}")
                aside.write_bytes(torn)
                file.truncate(end)
                os.fsync(file.fileno())
                logger.warning(
                    "Cut the journal's unanswered tail and kept it aside.",
                    extra={"journal": str(self.path), "cut_bytes": len(torn), "kept_in": str(aside)},
                )
        return end


def set_aside(directory: Path, at_us: int) -> Path | None:
    """Rename the journal, so that the next start knows nothing; where it is now, None if there was none."""
    path = directory / FILE_NAME
    if not path.exists():
        return None
    aside = path.with_name(f"{FILE_NAME}.forgotten-{at_us}")
    path.rename(aside)
    _sync_directory(directory)
    return aside


def _sync_directory(directory: Path) -> None:
    """Make a name in `directory` durable; Windows cannot open directories and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
