"""How is a log line written? A sentence, and after it the facts that the code gave as `extra`.

For people: one readable line. For machines: one JSON object a line, by structlog. Both name the request that the line
belongs to, and neither shows a secret.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from tradingmw.correlation import current_request_id

# structlog loads twisted where it is installed (daphne brings it): no process of ours shall carry that along.
sys.modules.setdefault("structlog.twisted", cast(Any, None))

import structlog
from structlog.typing import EventDict

# No line shows its thread, process or place in the code, and finding them is half of what a line costs.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging._srcfile = None  # the documented switch

LINE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: What every record has by itself; everything else on it was given as `extra`.
OWN_ATTRIBUTES: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
}
#: Facts of libraries that say nothing in a line of text.
NOT_SHOWN: Final = frozenset({"color_message", "request", "status_code"})
#: What a JSON line has by itself; a fact of such a name gets an underscore.
MEMBERS: Final = frozenset({"ts", "level", "part", "logger", "event", "exception"})
HIDDEN: Final = "…"
SECRET_NAME: Final = re.compile(r"passw|secret|token|ticket|cookie|authorization|api_?key", re.IGNORECASE)
SECRET_TEXT: Final = re.compile(
    r"(?P<before>[Bb]earer |ticket=|[Tt]oken=|[Pp]assword=|://[^/\s:@]*:)[^\s&\"'@,;]+|eyJ[\w-]+\.[\w-]+\.[\w-]*"
)
SECRET_MARKS: Final = ("earer ", "ticket=", "oken=", "assword=", "://", "eyJ")  #: without one there is nothing to hide


class LogFormat(StrEnum):
    """`TMW_LOG_FORMAT`. AUTO: JSON in production, lines for people in the demo."""

    AUTO = ""
    CONSOLE = "console"
    JSON = "json"


def formatter_of(json: bool, part: str = "") -> logging.Formatter:
    """What settings hand to Django, and `up` to its own handler."""
    return json_lines(part) if json else SentenceAndFacts(LINE)


def facts_of(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """The request first, then what was given as `extra`; secrets are not shown."""
    given = vars(record)
    if "request_id" not in given and (request_id := current_request_id()):
        yield "request_id", request_id
    for name, value in given.items():
        if name not in OWN_ATTRIBUTES and name not in NOT_SHOWN:
            yield name, HIDDEN if _is_secret(name) else value


def without_secrets(text: str) -> str:
    """`text` with bearer tokens, tickets, passwords of addresses and signed tokens hidden."""
    if not any(mark in text for mark in SECRET_MARKS):
        return text
    return SECRET_TEXT.sub(lambda found: (found["before"] or "") + HIDDEN, text)


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return SECRET_NAME.search(name) is not None


class SentenceAndFacts(logging.Formatter):
    """`2026-11-22 11:16:53,355 INFO bridge.link.commands: The engine link changed state=live epoch=7`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the framework's name
        # Escaped: a fact may be what a client sent, and must not begin a line of its own.
        shown = "".join(f" {name}={_one_line(value)}" for name, value in facts_of(record))
        return super().formatMessage(record) + shown

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def json_lines(part: str) -> logging.Formatter:
    """`{"ts": …, "level": "info", "part": "orders", "logger": …, "event": the sentence, "request_id": …, facts…}`."""

    def members(_logger: Any, _method: str, given: EventDict) -> EventDict:
        record: logging.LogRecord = given["_record"]
        told: EventDict = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            **({"part": part} if part else {}),
            "logger": record.name,
            "event": given["event"],
        }
        for name, value in facts_of(record):
            told[f"{name}_" if name in MEMBERS else name] = value
        return {**told, "exc_info": given["exc_info"]} if given.get("exc_info") else told

    return structlog.stdlib.ProcessorFormatter(
        processors=[members, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_json)]
    )


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


def _as_json(told: EventDict, **_options: Any) -> str:
    return without_secrets(msgspec.json.encode(told, enc_hook=str).decode())


def _one_line(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)
