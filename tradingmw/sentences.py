"""How does a sentence that is said for every order cost little? Prepared once, with the names of its facts.

Where every fact is plain, its line is put together from what is prepared. A text that must be escaped, or might hide
something, takes the way of all other lines; so does the record itself: filters and handlers see no difference.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from tradingmw.log_facts import PLAIN, is_shown_as_it_is


class Sentence:
    """What one logger says at one level: `Sentence(logger, INFO, "An order was changed", request_id=str, version=int)`.

    Facts by name and type, the request first. A `str` may be anything; values of other types (whole numbers, UUIDs,
    members of our enumerations) are plain by themselves. ValueError for a name that not every format shows.
    """

    def __init__(self, logger: logging.Logger, level: int, text: str, *, request_id: type[str], **facts: type) -> None:
        self.names = ("request_id", *facts)
        if wrong := [name for name in self.names if not is_shown_as_it_is(name)]:
            raise ValueError(f"Facts of such names are not shown as they are: {wrong}")
        self.record = logger.makeRecord(logger.name, level, "(unknown file)", 0, text, (), None, "(unknown function)")
        self._logger, self._level = logger, level
        self._form = "".join(f" {name}=%s" for name in self.names)
        self._texts = [place for place, kind in enumerate((request_id, *facts.values())) if kind is str]

    def say(self, *values: Any) -> None:
        """One value for each fact, in their order."""
        if self._logger.isEnabledFor(self._level):
            self._logger.handle(SentenceRecord(self, values))

    def is_plain(self, values: Sequence[Any]) -> bool:
        return all(map(PLAIN.fullmatch, [values[place] for place in self._texts]))

    def shown(self, values: tuple[Any, ...]) -> str:
        """` request_id=… name=value`, of plain values."""
        return self._form % values


class SentenceRecord(logging.LogRecord):
    """A record like any other, whose sentence need not be looked at again."""

    __slots__ = ("sentence", "values")

    def __init__(self, sentence: Sentence, values: tuple[Any, ...]) -> None:
        self.sentence, self.values = sentence, values
        known, attributes, now = sentence.record, vars(self), time.time()
        attributes.update(vars(known))
        attributes.update(zip(sentence.names, values, strict=True))
        self.created, self.msecs = now, now % 1 * 1000 // 1
        self.relativeCreated = known.relativeCreated + (now - known.created) * 1000

    @property
    def facts(self) -> dict[str, Any]:
        return dict(zip(self.sentence.names, self.values, strict=True))

    @property
    def is_plain(self) -> bool:
        return self.sentence.is_plain(self.values)
