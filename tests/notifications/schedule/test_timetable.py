"""When does which slot begin?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifications.outbox.registry import UnknownTask, task_named
from notifications.schedule.timetable import TIMETABLE, TimedTask

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(now=MOMENTS, every_seconds=st.integers(1, 86_400))
def test_a_moment_lies_in_the_slot_that_began_last(now: datetime, every_seconds: int) -> None:
    begun = datetime.fromisoformat(TimedTask("any", every_seconds).slot(now))
    assert begun <= now < begun + timedelta(seconds=every_seconds)
    assert begun.timestamp() % every_seconds == 0


def test_slots_do_not_move_with_daylight_saving() -> None:
    hourly = TimedTask("any", 3_600)
    assert hourly.slot(datetime.fromisoformat("2026-03-29T03:30:00+02:00")) == "2026-03-29T01:00:00+00:00"
    assert hourly.slot(datetime.fromisoformat("2026-03-29T01:30:00+00:00")) == "2026-03-29T01:00:00+00:00"


def test_every_timed_task_is_known_to_the_worker() -> None:
    assert [timed.task for timed in TIMETABLE if task_named(timed.task).body is UnknownTask] == []
    assert all(task_named(timed.task).limit_seconds < timed.every_seconds * 10 for timed in TIMETABLE)
