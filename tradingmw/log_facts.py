"""Which facts does a log line show, and what of them is hidden? Tokens, tickets and passwords, by name and by looks."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from tradingmw.correlation import current_request_id

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
#: A text that hides nothing, alone or with what follows it in a line, and stands in every format as it is.
PLAIN: Final = re.compile(r"[A-Za-z0-9_:-]*(?<!earer)")


def facts_of(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """The request first, then what was given as `extra`; secrets are not shown."""
    given = vars(record)
    if "request_id" not in given and (request_id := current_request_id()):
        yield "request_id", request_id
    for name, value in given.items():
        if name not in OWN_ATTRIBUTES and name not in NOT_SHOWN:
            yield name, HIDDEN if _is_secret(name) else value


def is_shown_as_it_is(name: str) -> bool:
    """Whether every format shows a fact under this name, and its value."""
    return name not in OWN_ATTRIBUTES | NOT_SHOWN | MEMBERS and not _is_secret(name)


def without_secrets(text: str) -> str:
    """`text` with bearer tokens, tickets, passwords of addresses and signed tokens hidden."""
    for mark in SECRET_MARKS:
        if mark in text:
            return SECRET_TEXT.sub(lambda found: (found["before"] or "") + HIDDEN, text)
    return text


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return SECRET_NAME.search(name) is not None
