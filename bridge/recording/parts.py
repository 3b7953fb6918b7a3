"""Where does a recording begin anew, and from where on is it to be played?

A part is what follows one instrument table: it can be followed without a hole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bridge.books import BookError
from bridge.recording.file import Damaged, Kind, Recorded, RecordingError, read_recording
from bridge.recording.state import RecordedMarket
from bridge.wire.codec import decode_query_reply
from bridge.wire.envelope import Envelope, check
from bridge.wire.envelope import Kind as Payload
from bridge.wire.faults import WireError
from bridge.wire.messages import BookSnapshot, Instrument, InstrumentList

NS = 1_000_000_000
UNTIL_SEEN = 100_000  #: messages between two words of progress


class Part:
    """The market as it stands, and what comes after it. `messages` may be taken once, in order."""

    def __init__(self, begins_ns: int, table: InstrumentList, snapshots: list[BookSnapshot]) -> None:
        self.begins_ns = begins_ns
        self.epoch = table.epoch
        self.table: list[Instrument] = table.instruments
        rows = [row for snapshot in snapshots for row in snapshot.instruments]
        self.market = RecordedMarket(table.instruments, rows)
        self.messages: Iterator[Recorded] = iter(())
        self.is_last: Callable[[], bool] = lambda: True  #: asked once all messages are taken


class Summary(NamedTuple):
    """What a recording holds, as far as it can be believed; `fault` says what is wrong with the rest."""

    messages: int
    counts: dict[str, int]
    parts: int
    begins_ns: int
    ends_ns: int
    bytes: int
    instruments: int
    fault: str


def parts(path: Path, from_ns: int = 0) -> Iterator[Part]:
    """The parts of a recording, the first of them as it stood at `from_ns`. Take each part's messages before the next.

    Where the file is broken its last part ends early, and then the fault is raised.
    """
    stream = Ahead(read_recording(path))
    while (first := stream.peek()) is not None:
        if first.kind is not Kind.TABLE:
            raise Damaged(f"{path} does not begin with an instrument table.")
        part = _opened(path, stream)
        part.messages = stream.up_to_next_table()
        part.is_last = lambda: stream.peek() is None
        if first_of(stream, part, from_ns):
            yield part
        for _ in part.messages:
            pass  # whoever played it may have stopped early


def first_of(stream: Ahead, part: Part, from_ns: int) -> bool:
    """Take `part` to `from_ns`; whether it has anything from there on."""
    while (following := stream.peek()) is not None and following.kind is not Kind.TABLE:
        if following.at_ns >= from_ns:
            return True
        apply(part.market, stream.take())
    return part.begins_ns >= from_ns


def apply(market: RecordedMarket, message: Recorded) -> Envelope:
    """Take a message in; its checked envelope."""
    try:
        envelope = check(message.envelope, message.payload)
        if envelope.kind is not Payload.MESSAGE:
            market.apply(envelope.kind, message.payload)
    except (WireError, BookError) as error:
        raise Damaged(f"The recording holds a message that no engine sent: {error}") from error
    return envelope


def summary_of(path: Path) -> Summary:
    """Reads all of it. `RecordingError` only where there is nothing to believe."""
    counts: Counter[str] = Counter()
    first = last = instruments = 0
    fault = ""
    try:
        for message in read_recording(path):
            counts[message.kind.name.lower()] += 1
            first, last = first or message.at_ns, message.at_ns
            if message.kind is Kind.TABLE:
                instruments = len(_answer(path, message, InstrumentList).instruments)
    except RecordingError as error:
        if not counts:
            raise
        fault = str(error)
    parts_found = counts["table"]
    return Summary(counts.total(), dict(counts), parts_found, first, last, path.stat().st_size, instruments, fault)


class Ahead:
    """Messages, of which the next may be looked at."""

    def __init__(self, messages: Iterable[Recorded]) -> None:
        self._messages = iter(messages)
        self._next: Recorded | None = None

    def peek(self) -> Recorded | None:
        if self._next is None:
            self._next = next(self._messages, None)
        return self._next

    def take(self) -> Recorded:
        found, self._next = self.peek(), None
        if found is None:
            raise StopIteration
        return found

    def up_to_next_table(self) -> Iterator[Recorded]:
        while (following := self.peek()) is not None and following.kind is not Kind.TABLE:
            yield self.take()


def _opened(path: Path, stream: Ahead) -> Part:
    first = stream.take()
    table = _answer(path, first, InstrumentList)
    snapshots: list[BookSnapshot] = []
    while (following := stream.peek()) is not None and following.kind is Kind.SNAPSHOT:
        snapshots.append(_answer(path, stream.take(), BookSnapshot))
    try:
        return Part(first.at_ns, table, snapshots)
    except BookError as error:
        raise Damaged(f"{path} holds a book that is none: {error}") from error


def _answer(path: Path, message: Recorded, expected: type[Any]) -> Any:
    try:
        answer = decode_query_reply([message.envelope, message.payload])
    except WireError as error:
        raise Damaged(f"{path} holds an answer that no engine gave: {error}") from error
    if not isinstance(answer, expected):
        raise Damaged(f"{path} holds {type(answer).__name__} in place of {expected.__name__}.")
    return answer
