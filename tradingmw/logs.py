"""How is a log line written? A sentence, and after it the facts that the code gave as `extra`.

For people: one readable line. For machines: one JSON object a line, by structlog. Both name the request that the line
belongs to, and neither shows a secret.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from tradingmw.log_facts import MEMBERS, facts_of, without_secrets
from tradingmw.sentences import SentenceRecord

# structlog loads twisted where it is installed (daphne brings it): no process of ours shall carry that along.
sys.modules.setdefault("structlog.twisted", cast(Any, None))

import structlog
from structlog.typing import EventDict

# No line shows its thread, process or place in the code, and finding them is half of what a line costs.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging._srcfile = None  # the documented switch

LINE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogFormat(StrEnum):
    """`TMW_LOG_FORMAT`. AUTO: JSON in production, lines for people in the demo."""

    AUTO = ""
    CONSOLE = "console"
    JSON = "json"


def formatter_of(json: bool, part: str = "") -> logging.Formatter:
    """What settings hand to Django, and `up` to its own handler."""
    return JsonLines(part) if json else SentenceAndFacts()


class SentenceAndFacts(logging.Formatter):
    """`2026-11-22 11:16:53,355 INFO bridge.link.commands: The engine link changed state=live epoch=7`."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - as below
        return f"{_local(int(record.created))},{int(record.msecs):03}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the framework's name
        # Escaped: a fact may be what a client sent, and must not begin a line of its own.
        shown = "".join(f" {name}={_one_line(value)}" for name, value in facts_of(record))
        return super().formatMessage(record) + shown

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, SentenceRecord) and record.is_plain:
            said = f"{self.formatTime(record)} {record.levelname} {record.name}: {record.msg}"
            return said + record.sentence.shown(record.values)
        return without_secrets(super().format(record))


class JsonLines(structlog.stdlib.ProcessorFormatter):
    """`{"ts": …, "level": "info", "part": "orders", "logger": …, "event": the sentence, "request_id": …, facts…}`."""

    def __init__(self, part: str) -> None:
        super().__init__(
            processors=[
                lambda _logger, _method, given: {**self._members(given["_record"]), "exc_info": given["exc_info"]},
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(lambda told, **_options: without_secrets(_as_json(told))),
            ]
        )
        self._part = {"part": part} if part else {}

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            return super().format(record)  # structlog shows the traceback
        if isinstance(record, SentenceRecord) and record.is_plain:
            return _as_json(self._own(record) | record.facts)
        return without_secrets(_as_json(self._members(record)))

    def _members(self, record: logging.LogRecord) -> dict[str, Any]:
        told = self._own(record)
        for name, value in facts_of(record):
            told[f"{name}_" if name in MEMBERS else name] = value
        return told

    def _own(self, record: logging.LogRecord) -> dict[str, Any]:
        return {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            **self._part,
            "logger": record.name,
            "event": record.getMessage(),
        }


@lru_cache(maxsize=4)
def _local(second: int) -> str:
    """Of the clock on the wall."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


class _Held(threading.local):
    """The lines that this thread keeps back, by handler; None while it keeps none."""

    lines: dict[LineHandler, list[tuple[logging.LogRecord, str]]] | None = None


_held = _Held()


class LineHandler(logging.StreamHandler[Any]):
    """Writes each line at once, but those that a thread says `together()` in one piece."""

    def emit(self, record: logging.LogRecord) -> None:
        if _held.lines is None:
            super().emit(record)
            return
        try:
            _held.lines.setdefault(self, []).append((record, self.format(record)))
        except Exception:
            self.handleError(record)  # as every handler does: it says so on standard error

    def write_held(self, held: list[tuple[logging.LogRecord, str]]) -> None:
        self.acquire()
        try:
            self.stream.write("".join(f"{line}{self.terminator}" for _, line in held))
            self.flush()
        except Exception:
            self.handleError(held[-1][0])
        finally:
            self.release()


@contextmanager
def together() -> Iterator[None]:
    """The lines that this thread says inside leave at the end, in one piece: a batch has many of them."""
    kept: dict[LineHandler, list[tuple[logging.LogRecord, str]]] = {}
    _held.lines = kept
    try:
        yield
    finally:
        _held.lines = None
        for handler, held in kept.items():
            handler.write_held(held)


def _as_json(told: EventDict) -> str:
    return msgspec.json.encode(told, enc_hook=str).decode()


def _one_line(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)
