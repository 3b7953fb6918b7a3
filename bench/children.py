"""How does a bench talk with the programs it starts, and how does it leave none behind?

A child says one JSON object a line on standard output, hears lines on standard input and ends when that ends: so no
child outlives its runner, however that dies.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

if sys.platform == "linux":
    import fcntl

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent
ONE_PAGE = 4096
END_SECONDS = 5.0
END_OF_OUTPUT: dict[str, Any] = {}


class ChildFailed(RuntimeError):
    """A program ended, or did not say in time what was awaited."""


def plain_environment() -> dict[str, str]:
    """This shell's, without what it has set for another installation of the product."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}


class Child:
    """A running program; `with` ends it. What it says on standard error goes to `log`."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        self.name = log.stem
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env={**plain_environment(), **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
                process_group=0,
            )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._writing = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def keep_little_in_pipe(self) -> None:
        """Let `say` wait for a reader that is only a page behind: tickets in a pipe grow old."""
        assert self._process.stdin
        fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, ONE_PAGE)

    def say(self, line: str) -> None:
        """A line on its standard input; any thread."""
        assert self._process.stdin
        try:
            with self._writing:
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failed("ended early") from error

    def event(self, name: str, seconds: float) -> dict[str, Any]:
        """The next event of this name; others are passed over, `failed` and the end of the program raise."""
        return list(self.events(name, seconds))[-1]

    def events(self, last: str, seconds: float) -> Iterator[dict[str, Any]]:
        """What it says up to the event `last`, that included; `seconds` may pass between two."""
        event: dict[str, Any] = {}
        while event.get("event") != last:
            try:
                event = self._events.get(timeout=seconds)
            except queue.Empty:
                raise self._failed(f"did not say {last} within {seconds:.0f} s") from None
            if event is END_OF_OUTPUT or event.get("event") == "failed":
                raise self._failed(f"ended before {last}: {event}")
            yield event

    def end(self, seconds: float = END_SECONDS) -> None:
        """Close its standard input, which asks it to end; after `seconds` its process group is killed in any case."""
        if self._process.stdin and not self._process.stdin.closed:
            self._close_input()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not end in time and was killed", self.name)
        with contextlib.suppress(ProcessLookupError):  # the usual case: nobody is left in it
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _close_input(self) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            return  # it had ended already, with a line unread

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):
                self._events.put(json.loads(line))
            else:
                self._events.put({"event": "line", "text": line.rstrip()})
        self._events.put(END_OF_OUTPUT)

    def _failed(self, what: str) -> ChildFailed:
        return ChildFailed(f"{self.name} {what}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
