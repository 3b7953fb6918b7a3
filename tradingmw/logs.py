"""How is a log line written? A sentence, and after it the facts that the code gave as `extra`."""

from __future__ import annotations

import logging
from typing import Final

LINE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: What every record has by itself; everything else on it was given as `extra`.
OWN_ATTRIBUTES: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
}
#: Facts of libraries that say nothing in a line of text.
NOT_SHOWN: Final = frozenset({"color_message", "request", "status_code"})


class SentenceAndFacts(logging.Formatter):
    """`2026-11-22 11:16:53,355 INFO bridge.link.commands: The engine link changed state=live epoch=7`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the framework's name
        facts = {name: value for name, value in vars(record).items() if name not in OWN_ATTRIBUTES | NOT_SHOWN}
        # Escaped: a fact may be what a client sent, and must not begin a line of its own.
        shown = "".join(f" {name}={_one_line(value)}" for name, value in facts.items())
        return super().formatMessage(record) + shown


def _one_line(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)
