"""When does each approved limit hold? Plain reckoning with instants in microseconds; nothing is ever written for it.

A limit holds from its date until its own end. Another that stands in its place hides it meanwhile: one without an end
for good, one with an end until then; after that the earlier limit holds again, so that a rise for a week leaves
nobody without a limit on Monday. An approved end cuts it off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

FOREVER_US = 2**63 - 1


class Span(NamedTuple):
    """From `start` until before `end`."""

    start: int
    end: int = FOREVER_US

    def without(self, cut: Span) -> Iterator[Span]:
        """What is left of it."""
        for left in (Span(self.start, min(self.end, cut.start)), Span(max(self.start, cut.end), self.end)):
            if left.start < left.end:
                yield left

    def holds_at(self, now_us: int) -> bool:
        return self.start <= now_us < self.end


class Entry(NamedTuple):
    """An approved limit, or where `ends` the end of the one that it `replaces`."""

    id: UUID
    span: Span
    replaces: UUID | None = None
    ends: bool = False


class Spans:
    """Of all approved limits together."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._limits: dict[UUID, Entry] = {}
        self._ends: dict[UUID, int] = {}
        self._successors: defaultdict[UUID | None, list[Entry]] = defaultdict(list)
        for each in entries:
            if not each.ends:
                self._limits[each.id] = each
                self._successors[each.replaces].append(each)
            elif each.replaces is not None:
                self._ends[each.replaces] = min(each.span.start, self._ends.get(each.replaces, FOREVER_US))

    def of(self, limit_id: UUID) -> list[Span]:
        """When it holds, in order; empty for one that is not approved, or never will."""
        left = self._own(self._limits[limit_id]) if limit_id in self._limits else []
        for hidden in self._hidden(limit_id):
            left = [part for span in left for part in span.without(hidden)]
        return sorted(left)

    def left(self, limit_id: UUID, now_us: int) -> list[Span]:
        """Those that are not over."""
        return [span for span in self.of(limit_id) if span.end > now_us]

    def _own(self, limit: Entry) -> list[Span]:
        end = min(limit.span.end, self._ends.get(limit.id, FOREVER_US))
        return [Span(limit.span.start, end)] if limit.span.start < end else []

    def _hidden(self, limit_id: UUID) -> Iterator[Span]:
        """While another stands in its place, or one that stands in that one's."""
        waiting = list(self._successors[limit_id])
        while waiting:
            each = waiting.pop()
            if each.span.end == FOREVER_US:
                yield each.span
            else:
                yield from self._own(each)
                waiting += self._successors[each.id]
