"""Where does the time of an order go, hop by hop? From the stamps that the history keeps of each event.

    web      the request came to the web process → it came to the order bridge
    decide   → its batch was decided
    commit   → the decision and its command were durable
    send     → the command was handed to the network
    engine   → the engine had done it, by its own clock
    report   the engine did something → its report came to the order bridge
    apply    → the report was decided
    order    the request came to the web process → the engine's word on it was decided

`web`, `engine` and `report` lie between two processes; on two hosts their clocks' difference is in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from orders.instants import micros
from orders.lifecycle import OrderEvent as E
from orders.models import OrderHistory

HOPS = ("web", "decide", "commit", "send", "engine", "report", "apply", "order")
PERCENTILES = (50, 90, 99, 100)
COLUMNS = ("order_id", "kind", "received_us", "committed_us", "sent_us", "engine_us", "arrived_us", "timestamp")
#: which request an event of the engine answers
REQUESTS = {
    E.ACKNOWLEDGED: E.ACCEPTED,
    E.REJECTED: E.ACCEPTED,
    E.CANCELED: E.CANCEL_REQUESTED,
    E.REPLACED: E.REPLACE_REQUESTED,
}
ASKED = frozenset(REQUESTS.values())


class Event(NamedTuple):
    """One line of the history; microseconds, 0 where the event did not pass there."""

    order_id: UUID
    kind: str
    received_us: int
    committed_us: int
    sent_us: int
    engine_us: int
    arrived_us: int
    decided_us: int


class Latency(NamedTuple):
    """What a hop takes, in microseconds: `PERCENTILES` of so many passages."""

    hop: str
    passages: int
    percentiles: tuple[int, ...]


def latencies(*, newest: int, since: datetime | None = None) -> list[Latency]:
    """Of the `newest` events, or those of them that were decided after `since`; hops in their order."""
    durations: defaultdict[str, list[int]] = defaultdict(list)
    for hop, us in passages(events(newest, since)):
        durations[hop].append(us)
    return [Latency(hop, len(taken), percentiles(taken)) for hop in HOPS if (taken := sorted(durations[hop]))]


def events(newest: int, since: datetime | None) -> list[Event]:
    """Oldest first; ids grow with time."""
    rows = OrderHistory.objects.filter(arrived_us__gt=0)
    if since is not None:
        rows = rows.filter(timestamp__gt=since)
    found = rows.order_by("-id").values_list(*COLUMNS)[:newest]
    return [Event._make((*row[:-1], micros(row[-1]))) for row in reversed(found)]


def passages(history: Iterable[Event]) -> Iterator[tuple[str, int]]:
    """Each hop that an event has passed, and how long that took."""
    asked: dict[tuple[UUID, str], Event] = {}
    for event in history:
        if event.kind in ASKED:
            asked[event.order_id, event.kind] = event
            yield from request_passages(event)
        elif event.engine_us:
            yield "report", event.arrived_us - event.engine_us
            yield "apply", event.decided_us - event.arrived_us
            request = asked.pop((event.order_id, REQUESTS.get(E(event.kind), "")), None)
            if request is not None and event.sent_us:
                yield from answer_passages(request, event)


def request_passages(event: Event) -> Iterator[tuple[str, int]]:
    if event.received_us:
        yield "web", event.arrived_us - event.received_us
    yield "decide", event.decided_us - event.arrived_us


def answer_passages(request: Event, event: Event) -> Iterator[tuple[str, int]]:
    yield "commit", event.committed_us - request.decided_us
    yield "send", event.sent_us - event.committed_us
    yield "engine", event.engine_us - event.sent_us
    if request.received_us:
        yield "order", event.decided_us - request.received_us


def percentiles(ascending: Sequence[int]) -> tuple[int, ...]:
    """The nearest rank: a duration that was really measured."""
    last = len(ascending) - 1
    return tuple(ascending[-(-last * each // 100)] for each in PERCENTILES)
