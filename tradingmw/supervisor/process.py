"""How is one child process started, watched, asked to stop and ended, alike on Linux and Windows?"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from tradingmw.env import ROOT
from tradingmw.supervisor.stopping import SUPERVISED

WINDOWS = sys.platform == "win32"
NEW_GROUP_ON_WINDOWS: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
LAST_LINES = 30
PIECE_BYTES = 16_384  #: read at once; a longer line is shown in pieces, and no child makes its parent hold much more
#: After a read that left nothing, so that the next one has more: waking up costs more than many lines. Meanwhile lines
#: wait in the pipe, which holds ten thousand characters and more, but little on Windows.
PAUSE_SECONDS = 0.0 if WINDOWS else 0.01


def manage(arguments: Sequence[str]) -> list[str]:
    """The command line of a `manage.py` command in this interpreter."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


class ChildProcess:
    """One running child. The end of its standard input asks it to stop; `on_lines` gets the lines it prints, as many
    as are there.

    The child leads a process group of its own, so that a Ctrl-C in the terminal reaches the parent alone and the
    parent decides the order in which parts stop.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], on_lines: Callable[[Sequence[str]], None] | None
    ) -> None:
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._on_lines = on_lines
        output = subprocess.PIPE if on_lines else None
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            list(command),
            env={**os.environ, **environment, SUPERVISED: "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT if on_lines else None,
            creationflags=NEW_GROUP_ON_WINDOWS,
            process_group=None if WINDOWS else 0,
        )
        self._reader = self._read_output() if self._process.stdout else None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self._process.poll()

    def request_stop(self) -> None:
        """Close its standard input; harmless when it has ended or was asked before."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()

    def kill(self) -> None:
        """End it without asking."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within `seconds`; its output has then been read to the end."""
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.finish_output()
        return True

    def finish_output(self) -> None:
        """After its end: let the last lines arrive, unless a grandchild still holds the pipe open."""
        self.request_stop()
        if self._reader:
            self._reader.join(timeout=1.0)

    def _read_output(self) -> threading.Thread:
        reader = threading.Thread(target=self._pass_lines_on, name=f"output-{self.pid}", daemon=True)
        reader.start()
        return reader

    def _pass_lines_on(self) -> None:
        output = cast(io.BufferedReader, self._process.stdout)
        rest = b""
        with output:
            while piece := output.read1(PIECE_BYTES):
                whole, end, rest = (rest + piece).rpartition(b"\n")
                if end:
                    self._say(whole)
                elif len(rest) >= PIECE_BYTES:
                    self._say(rest)
                    rest = b""
                if len(piece) < PIECE_BYTES:
                    time.sleep(PAUSE_SECONDS)
            if rest:
                self._say(rest)

    def _say(self, output: bytes) -> None:
        lines = [line.rstrip("\r") for line in output.decode("utf-8", "replace").split("\n")]
        self.last_lines.extend(lines)
        if self._on_lines:
            self._on_lines(lines)
