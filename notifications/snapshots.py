"""How is a snapshot read that stands at one number of the stream, without a lock and without a long transaction?

The counter is read before and after the rows. Every transaction that changes a row of the stream's owner advances the
counter in the same commit; so, when the two readings agree, the rows are exactly those of that number. That holds
wherever a statement sees only what is committed: SQLite, and SQL Server with or without READ_COMMITTED_SNAPSHOT. (A
read transaction would do on SQLite alone, and Django begins it IMMEDIATE here: it would stand in the order core's way.)

A stream that grows faster than it can be read is taken, after `TRIES`, at the number BEFORE the rows: they may be newer
than the number, never older. Nothing is missed: the events after the number follow, and as each carries the whole
object, whoever puts them over the snapshot ends at the same state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from notifications.stream import last_number

T = TypeVar("T")
TRIES = 5


def read_at_one_number(stream: str, read: Callable[[], T]) -> tuple[int, T]:
    """`(number, read())`; blocking, to be called in a reader thread."""
    before = last_number(stream)
    for _ in range(TRIES - 1):
        rows = read()
        if (after := last_number(stream)) == before:
            return before, rows
        before = after
    return before, read()
