"""When is which task due? A slot is a multiple of the period since 1970, in UTC; its name is the task's business key.

So a slot fires once, however many beats see it; and a beat that starts late fires the slot that is running, and no
earlier one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from notifications.tasks import CANARY, CLEAN_UP


class TimedTask(NamedTuple):
    """An outbox task that is owed once per period."""

    task: str
    every_seconds: int
    at_start: bool = False  #: once more for each beat that takes the lease

    def slot(self, now: datetime) -> str:
        """The name of the slot that runs at `now`: its beginning."""
        begun = int(now.timestamp()) // self.every_seconds * self.every_seconds
        return datetime.fromtimestamp(begun, UTC).isoformat()


TIMETABLE: Final = (TimedTask(CANARY, 30, at_start=True), TimedTask(CLEAN_UP, 3_600))
