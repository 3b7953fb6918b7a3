"""How do the log lines of many processes become one readable log, without ever holding a process up?

A terminal that is paused would fill the pipe of each child and stop it in mid-trade; so lines wait in a bounded
queue, and what does not fit is dropped and counted. They are passed on as they come, many at once: what this process
spends on a line, orders cannot have.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

WAITING_LINES: Final = 10_000
PAUSE_SECONDS: Final = 0.02  #: after each write, so that the next one has what all parts say meanwhile
NAME_WIDTH: Final = 7
LEVEL_STYLES: Final = {" WARNING ": "yellow", " ERROR ": "bold red", " CRITICAL ": "bold red"}


class LogBoard:
    """Prefixes each line with its part's name, in the part's colour where a person is watching."""

    def __init__(self, stream: TextIO, colours: Mapping[str, str]) -> None:
        self._stream = stream
        self._colours = colours
        self._console = Console(file=stream, soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._waiting: list[tuple[str, Sequence[str]]] = []
        self._count = 0  #: lines that wait or are being written
        self._dropped = 0
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write_lines, name="log-board", daemon=True)
        self._writer.start()

    def lines(self, name: str, lines: Sequence[str]) -> None:
        """Show lines of a part; never waits."""
        with self._arrived:
            kept = lines[: WAITING_LINES - self._count]
            self._dropped += len(lines) - len(kept)
            if kept:
                self._waiting.append((name, kept))
                self._count += len(kept)
                self._arrived.notify()

    def close(self, seconds: float = 1.0) -> None:
        """Show what still waits, for at most `seconds`."""
        self._closing.set()
        with self._arrived:
            self._arrived.notify()
        self._writer.join(timeout=seconds)

    def _write_lines(self) -> None:
        while taken := self._taken():
            self._write(taken)
            with self._arrived:
                self._count -= sum(len(lines) for _, lines in taken)
                dropped, self._dropped = self._dropped, 0
            if dropped:
                self._write([("up", [f"{dropped} log lines were dropped: this terminal was too slow"])])
            self._closing.wait(PAUSE_SECONDS)

    def _taken(self) -> list[tuple[str, Sequence[str]]]:
        """All that waits; nothing at the end."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._closing.is_set())
            taken, self._waiting = self._waiting, []
        return taken

    def _write(self, taken: Iterable[tuple[str, Sequence[str]]]) -> None:
        if self._console.is_terminal:
            for name, lines in taken:
                for line in lines:
                    self._print(name, line)
        else:
            self._stream.write("".join(_plain(name, line) for name, lines in taken for line in lines))
        self._stream.flush()

    def _print(self, name: str, line: str) -> None:
        """In colours, for a person."""
        if is_json(line):
            self._stream.write(f"{line}\n")
            return
        style = next((style for mark, style in LEVEL_STYLES.items() if mark in line), "")
        part = (f"{name:<{NAME_WIDTH}}| ", self._colours.get(name, "bold"))
        self._console.print(Text.assemble(part, (line, style)))


def is_json(line: str) -> bool:
    """Then it says by itself whose it is."""
    return line.startswith("{")


def _plain(name: str, line: str) -> str:
    return f"{line}\n" if is_json(line) else f"{name:<{NAME_WIDTH}}| {line}\n"


class BoardHandler(logging.Handler):
    """Sends this process's own log records to the board, as lines of `up`."""

    def __init__(self, board: LogBoard) -> None:
        super().__init__()
        self._board = board

    def emit(self, record: logging.LogRecord) -> None:
        self._board.lines("up", self.format(record).splitlines())
