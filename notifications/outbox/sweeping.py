"""Which rows are due, and who hands them over? Each sweep takes some for itself, for a while.

Any number of sweepers may run: a row is taken by compare-and-set, under the name of one sweep, until its lease ends. A
row whose message was lost, or whose worker died, is due again when the lease ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone

from notifications.models import OutboxTask

logger = logging.getLogger(__name__)

#: How long a message may wait in the broker before the row is handed over again.
LEASE_SECONDS: Final = 15.0
#: Rows in one statement: SQL Server takes 2,100 parameters.
TAKE_MAX: Final = 100
#: Handed over and not done: what the slow broker of one machine (49 tasks/s) moves well within a lease.
IN_FLIGHT_MAX: Final = 300

#: Gives a row's next attempt to the broker; raises where it cannot.
HandOver = Callable[[OutboxTask], None]


class Swept(NamedTuple):
    """What one sweep did: rows handed over, and how many of them had been before and were never begun."""

    handed_over: int = 0
    lost: int = 0


def sweep(hand_over: HandOver, lease_seconds: float = LEASE_SECONDS) -> Swept:
    """Take what is due and hand it over; where the broker refuses, give the rest back and raise its error."""
    now = timezone.now()
    due = due_tasks(now)
    room = min(TAKE_MAX, IN_FLIGHT_MAX - _in_flight(now)) if due.exists() else 0
    if room <= 0:
        return Swept()
    found = dict(due.order_by("not_before").values_list("id", "taken_by")[:room])
    rows = _take(list(found), now, lease_seconds)
    for position, row in enumerate(rows):
        try:
            hand_over(row)
        except BaseException:
            _give_back(rows[position:])
            raise
    return Swept(len(rows), sum(bool(found[row.id]) for row in rows))


def due_tasks(now: datetime) -> QuerySet[OutboxTask]:
    """Rows that may be handed over at `now`."""
    return OutboxTask.objects.filter(done_at__isnull=True, parked_at__isnull=True, not_before__lte=now)


def _in_flight(now: datetime) -> int:
    taken = Q(done_at__isnull=True, parked_at__isnull=True, not_before__gt=now) & ~Q(taken_by="")
    return OutboxTask.objects.filter(taken).count()


def _take(ids: Sequence[UUID], now: datetime, lease_seconds: float) -> list[OutboxTask]:
    """Those of `ids` that are still due, now under the name of this sweep alone."""
    sweep_name = uuid4().hex
    lease_end = now + timedelta(seconds=lease_seconds)
    due_tasks(now).filter(id__in=ids).update(taken_at=now, taken_by=sweep_name, not_before=lease_end)
    return list(OutboxTask.objects.filter(id__in=ids, taken_by=sweep_name).order_by("created_at"))


def _give_back(rows: Sequence[OutboxTask]) -> None:
    ids = [row.id for row in rows]
    mine = OutboxTask.objects.filter(id__in=ids, taken_by=rows[0].taken_by, done_at__isnull=True)
    mine.filter(attempts__in={row.attempts for row in rows}).update(not_before=timezone.now(), taken_by="")
