"""How does recorded data become a market? Each moves one instrument at its recorded pace, once or for ever."""

from __future__ import annotations

import heapq
import lzma
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from bridge.simulator.actions import Action, Clear, Operation
from bridge.simulator.listings import Listing

LOOP_PAUSE_US = 1_000_000  #: between the last event and the opening state of the next round


class RecordingFault(Exception):
    """A recording is missing, unreadable or not what its name says."""


class Happening(NamedTuple):
    """One recorded event, `at_us` after the opening state."""

    at_us: int
    operations: tuple[Operation, ...]


class Recording(Protocol):
    """One instrument's recorded day: the book to start from and what happened then, in time order."""

    def listing(self, instrument_id: int) -> Listing: ...
    def opening(self) -> tuple[Operation, ...]: ...
    def happenings(self) -> Iterator[Happening]: ...


class ReplayMarket:
    """Recordings side by side; with `loop` each begins again when it ends."""

    def __init__(self, recordings: Sequence[Recording], *, loop: bool) -> None:
        self._recordings = recordings
        self._loop = loop
        self.listings = tuple(recording.listing(number) for number, recording in enumerate(recordings, 1))
        if len({listing.symbol for listing in self.listings}) != len(self.listings):
            raise RecordingFault("Two recordings are of the same symbol.")

    def actions(self) -> Iterator[Action]:
        """Opening states at market time 0, then everything recorded, merged by time."""
        streams = [self._rounds(number, recording) for number, recording in enumerate(self._recordings, 1)]
        return heapq.merge(*streams, key=attrgetter("at_us"))

    def _rounds(self, instrument_id: int, recording: Recording) -> Iterator[Action]:
        begin_us = 0
        while True:
            yield Action(begin_us, instrument_id, (Clear(), *recording.opening()))
            end_us = begin_us
            for happening in recording.happenings():
                end_us = max(end_us, begin_us + happening.at_us)  # a recorder's clock may have stepped back
                yield Action(end_us, instrument_id, happening.operations)
            if not self._loop:
                return
            begin_us = end_us + LOOP_PAUSE_US


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file, packed with xz or not; `RecordingFault` where it cannot be read to its end."""
    number = 0
    try:
        with _opened(path) as file:
            for line in file:
                number += 1
                yield line
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise RecordingFault(f"{path} cannot be read after line {number}: {error}") from error


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="ascii")
    return path.open(encoding="ascii")
