"""What does the C++ kit make of some frames? Its program `filter` answers line by line (`engine/tests/filter.cpp`)."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from bridge.wire.faults import Reason


class Filter:
    """A running `filter`."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Filter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0, f"filter ended with {self._process.returncode}"

    def read_and_write(self, decoder: str, frames: Sequence[bytes]) -> list[bytes] | Reason:
        """The frames that the kit writes of what it has read, or why it refuses them."""
        match self._answers([decoder, *(frame.hex() or "-" for frame in frames)]):
            case ["ok", envelope, payload]:
                return [bytes.fromhex(envelope), bytes.fromhex(payload)]
            case [reason]:
                return Reason(reason)
        raise AssertionError(f"filter died of {decoder} {[frame.hex() for frame in frames]}")

    def verdicts(self, numbers: Sequence[tuple[int, int]]) -> list[str]:
        """The verdict on each (epoch, seq) of a stream, with `+` where it was taken."""
        return self._answers(["sequence", *(str(number) for pair in numbers for number in pair)])

    def _answers(self, words: Sequence[str]) -> list[str]:
        source, sink = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        source.write(" ".join(words) + "\n")
        source.flush()
        return sink.readline().split()
