"""How do the log lines of many processes become one readable log, without ever holding a process up?

A terminal that is paused would fill the pipe of each child and stop it in mid-trade; so lines wait in a bounded
queue, and what does not fit is dropped and counted.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

WAITING_LINES: Final = 10_000
NAME_WIDTH: Final = 7
LEVEL_STYLES: Final = {" WARNING ": "yellow", " ERROR ": "bold red", " CRITICAL ": "bold red"}


class LogBoard:
    """Prefixes each line with its part's name, in the part's colour where a person is watching."""

    def __init__(self, stream: TextIO, colours: Mapping[str, str]) -> None:
        self._stream = stream
        self._colours = colours
        self._console = Console(file=stream, soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._lines: queue.Queue[tuple[str, str] | None] = queue.Queue(WAITING_LINES)
        self._dropped = 0
        self._writer = threading.Thread(target=self._write_lines, name="log-board", daemon=True)
        self._writer.start()

    def line(self, name: str, text: str) -> None:
        """Show one line of a part; never waits."""
        try:
            self._lines.put_nowait((name, text))
        except queue.Full:
            self._dropped += 1

    def close(self, seconds: float = 1.0) -> None:
        """Show what still waits, for at most `seconds`."""
        try:
            self._lines.put(None, timeout=seconds)
        except queue.Full:
            return
        self._writer.join(timeout=seconds)

    def _write_lines(self) -> None:
        while (entry := self._lines.get()) is not None:
            self._write(*entry)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self._write("up", f"{dropped} log lines were dropped: this terminal was too slow")
            if self._lines.empty():
                self._stream.flush()
        self._stream.flush()

    def _write(self, name: str, text: str) -> None:
        if text.startswith("{"):  # JSON, which says by itself whose line it is
            self._stream.write(f"{text}\n")
        elif self._console.is_terminal:
            style = next((style for mark, style in LEVEL_STYLES.items() if mark in text), "")
            self._console.print(
                Text.assemble((f"{name:<{NAME_WIDTH}}| ", self._colours.get(name, "bold")), (text, style))
            )
        else:
            self._stream.write(f"{name:<{NAME_WIDTH}}| {text}\n")


class BoardHandler(logging.Handler):
    """Sends this process's own log records to the board, as lines of `up`."""

    def __init__(self, board: LogBoard) -> None:
        super().__init__()
        self._board = board

    def emit(self, record: logging.LogRecord) -> None:
        for line in self.format(record).splitlines():
            self._board.line("up", line)
