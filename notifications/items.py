"""What does an event look like to a client? The same item on a socket, in a snapshot and in `GET /events`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from notifications.models import StreamEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SNAPSHOT = "snapshot"  #: the `kind` of an item that tells how things stand, not what happened

#: How the JSON text of an event's data enters a frame: as it is, or decoded for another format.
AsData = Callable[[str], Any]


class PrivateItem(Struct, frozen=True, kw_only=True, rename="camel"):
    """`data` is the whole object after the event. `prev_event_id` is the `event_id` last delivered on this socket.

    `kind` is what happened, in the past tense, or `snapshot`; `ts` when, in epoch microseconds.
    """

    event_id: int
    prev_event_id: int
    kind: str
    ts: int
    data: Any


class Standing(NamedTuple):
    """One object of a snapshot, and when it last changed."""

    ts_us: int
    data: dict[str, Any]


def json_as_it_is(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def event_item(event: StreamEvent, previous: int, as_data: AsData) -> PrivateItem:
    """`previous` is the number that the client had before this event."""
    ts_us = (event.created_at - EPOCH) // MICROSECOND
    return _item(event.number, previous, event.kind, ts_us, as_data(event.data))


def snapshot_item(standing: Standing, number: int) -> PrivateItem:
    """How an object stood when the stream was at `number`: nothing lies between this and the event after it."""
    return _item(number, number, SNAPSHOT, standing.ts_us, standing.data)


def _item(number: int, previous: int, kind: str, ts_us: int, data: Any) -> PrivateItem:
    return PrivateItem(event_id=number, prev_event_id=previous, kind=kind, ts=ts_us, data=data)
