"""What does a beat do on each tick? Nothing, unless it holds the lease; then it owes each slot that has begun."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from notifications.outbox import outbox_add
from notifications.schedule.lease import Fenced, Lease
from notifications.schedule.timetable import TimedTask

logger = logging.getLogger(__name__)


class Firing:
    """One beat. `tick` is called about once a second, in one thread."""

    def __init__(self, lease: Lease, timetable: Sequence[TimedTask]) -> None:
        self._lease = lease
        self._timetable = timetable
        self._fired: dict[str, str] = {}  #: the last slot of each task that this beat put into the outbox

    def tick(self, now: datetime) -> int:
        """How many slots were fired; 0 while another beat holds the lease."""
        fence = self._lease.fence
        if not self._lease.held():
            return 0
        first = self._lease.fence != fence
        if first:
            logger.info("This beat holds the lease", extra={"fence": self._lease.fence})
        return sum(self._fire_due(timed, now, first) for timed in self._timetable)

    def _fire_due(self, timed: TimedTask, now: datetime, first: bool) -> int:
        fired = int(first and timed.at_start and self._fire(timed.task, f"fence {self._lease.fence}"))
        slot = timed.slot(now)
        if self._fired.get(timed.task) == slot or not self._fire(timed.task, slot):
            return fired
        self._fired[timed.task] = slot
        return fired + 1

    def _fire(self, task: str, key: str) -> bool:
        try:
            with transaction.atomic():
                self._lease.hold()
                outbox_add(task=task, key=key, payload={})
        except Fenced:
            logger.warning("Another beat took the lease", extra={"task": task, "key": key})
            return False
        return True
