"""How is an event appended to a private stream, and how are events read back?

The one log behind the trading socket, `GET /events` and `lastEventId`. Numbers of a stream are 1, 2, 3, … without
holes, and become visible in that order: a reader that sees number n can read every number below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper as Cursor

from notifications.models import StreamCounter, StreamEvent
from tradingmw.statements import Add, Insert, Pick, Row

#: Names in one query: SQL Server takes 2,100 parameters, SQLite may be built for 999.
NAMES_PER_QUERY = 500
REMEMBERED_MAX = 10_000  #: streams whose number is remembered

insert_events = Insert(StreamEvent)
advance = Add(StreamCounter, "number", ["stream"])
advance_from = Add(StreamCounter, "number", ["stream", "number"])
pick_numbers = Pick(StreamCounter, ["stream", "number"], "stream")
_reached: dict[str, int] = {}  #: by this process when it last appended; others append too


class NewEvent(NamedTuple):
    """An event to append: `kind` in the past tense, `data` the JSON of the whole object after it."""

    stream: str
    channel: str
    kind: str
    data: str


class NoTransaction(RuntimeError):
    """Events are appended inside the transaction that makes them true."""


def user_stream(user_id: UUID) -> str:
    return f"user:{user_id.hex}"


def desk_stream(desk_id: UUID) -> str:
    return f"desk:{desk_id.hex}"


def append(events: Sequence[NewEvent], *, at: datetime, cursor: Cursor | None = None) -> list[int]:
    """Append `events` in their order and return the number of each; with the transaction's `cursor`, or its own.

    Call it as the LAST statements of the caller's transaction: from the first counter on, every other writer of these
    streams waits for the commit. Counters are taken in sorted order, so that two writers never wait for each other.
    """
    if cursor is None:
        with connection.cursor() as own:
            return append(events, at=at, cursor=own)
    if not connection.in_atomic_block:
        raise NoTransaction("append() was called outside a transaction.")
    reached = _advance(cursor, Counter(event.stream for event in events))
    numbers = _numbers(events, reached)
    insert_events.write(cursor, [row(event, number, at) for event, number in zip(events, numbers, strict=True)])
    _remember(reached)
    return numbers


def row(event: NewEvent, number: int, at: datetime) -> Row:
    stream, channel, kind, data = event
    return {"stream": stream, "number": number, "channel": channel, "kind": kind, "data": data, "created_at": at}


def _advance(cursor: Cursor, counts: Counter[str]) -> dict[str, int]:
    """Take `counts[stream]` numbers of each stream; return the number before the first taken."""
    return {stream: _take(cursor, stream, counts[stream]) for stream in sorted(counts)}


def _take(cursor: Cursor, stream: str, count: int) -> int:
    """The number before the first taken: where it is as remembered, one statement takes them and tells so."""
    remembered = _reached.get(stream)
    if remembered is not None and advance_from.run(cursor, count, stream, remembered):
        return remembered
    if not advance.run(cursor, count, stream) and not _created(stream, count):
        advance.run(cursor, count, stream)
    return last_numbers([stream], cursor)[stream] - count


def _remember(reached: dict[str, int]) -> None:
    """What was not committed in the end is remembered wrongly, and will not be found."""
    if len(_reached) + len(reached) > REMEMBERED_MAX:
        _reached.clear()
    _reached.update(reached)


def _created(stream: str, count: int) -> bool:
    """Make the missing counter; False when another writer made it first (the insert waited for that commit)."""
    try:
        with transaction.atomic():  # a savepoint: the refused insert must not take the caller's work with it
            StreamCounter.objects.create(stream=stream, number=count)
    except IntegrityError:
        return False
    return True


def _numbers(events: Sequence[NewEvent], reached: dict[str, int]) -> list[int]:
    """Of each event; `reached` goes on with them."""
    numbers = []
    for event in events:
        number = reached[event.stream] = reached[event.stream] + 1
        numbers.append(number)
    return numbers


def last_numbers(streams: Collection[str], cursor: Cursor | None = None) -> dict[str, int]:
    """The number of the last committed event per stream; 0 for a stream that has none."""
    if cursor is None:
        with connection.cursor() as own:
            return last_numbers(streams, own)
    names = list(streams)
    numbers = dict.fromkeys(names, 0)
    for start in range(0, len(names), NAMES_PER_QUERY):
        numbers.update(pick_numbers.run(cursor, names[start : start + NAMES_PER_QUERY]))
    return numbers


def last_number(stream: str) -> int:
    return last_numbers([stream])[stream]


def read(stream: str, since: int, limit: int) -> list[StreamEvent]:
    """At most `limit` events after number `since`, oldest first, without a hole among them."""
    return list(StreamEvent.objects.filter(stream=stream, number__gt=since).order_by("number")[:limit])
