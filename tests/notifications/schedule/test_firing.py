"""Is each slot owed once, whichever beats are there?"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from notifications.models import OutboxTask
from notifications.schedule.firing import Firing
from notifications.schedule.lease import EXPIRY_SECONDS, Lease
from notifications.schedule.timetable import TimedTask

pytestmark = pytest.mark.django_db
TIMETABLE = (TimedTask("tests.often", 30, at_start=True), TimedTask("tests.seldom", 3_600))
NOON = datetime.fromisoformat("2026-03-02T12:00:10+00:00")


class Beat:
    """A firing over a clock that the test moves."""

    def __init__(self, name: str) -> None:
        self.seconds = 0.0
        self.lease = Lease(name, lambda: self.seconds)
        self.firing = Firing(self.lease, TIMETABLE)

    def tick(self, after_seconds: float) -> int:
        self.seconds = after_seconds
        return self.firing.tick(NOON + timedelta(seconds=after_seconds))


def keys(task: str) -> list[str]:
    return sorted(OutboxTask.objects.filter(task=task).values_list("key", flat=True))


def test_the_slots_that_run_are_owed_at_the_start_and_once_more_for_it() -> None:
    assert Beat("a").tick(0) == 3
    assert keys("tests.often") == ["2026-03-02T12:00:00+00:00", "fence 1"]
    assert keys("tests.seldom") == ["2026-03-02T12:00:00+00:00"]


def test_each_slot_is_owed_once_however_often_beat_ticks() -> None:
    beat = Beat("a")
    assert sum(beat.tick(second) for second in range(60)) == 5
    assert keys("tests.often")[:3] == [f"2026-03-02T12:{at}+00:00" for at in ("00:00", "00:30", "01:00")]


def test_a_beat_that_does_not_hold_the_lease_owes_nothing() -> None:
    first, second = Beat("a"), Beat("b")
    first.tick(0)
    assert sum(second.tick(0) for _ in range(5)) == 0


def test_a_successor_goes_on_where_the_dead_one_was_and_doubles_nothing() -> None:
    first, second = Beat("a"), Beat("b")
    first.tick(0)
    second.tick(0)
    assert second.tick(EXPIRY_SECONDS)
    assert keys("tests.often") == ["2026-03-02T12:00:00+00:00", "fence 1", "fence 2"]
    second.tick(40)
    assert keys("tests.often")[1] == "2026-03-02T12:00:30+00:00"
    assert keys("tests.seldom") == ["2026-03-02T12:00:00+00:00"]


def test_a_beat_that_lost_the_lease_fires_nothing_more() -> None:
    first, second = Beat("a"), Beat("b")
    first.tick(0)
    second.tick(0)
    second.tick(EXPIRY_SECONDS)
    assert first.tick(25) == 0
    assert len(keys("tests.often")) == 3


def test_slots_missed_while_no_beat_lived_are_not_made_up_for() -> None:
    Beat("a").tick(0)
    later = Beat("b")
    later.tick(7_200)
    later.tick(7_200 + EXPIRY_SECONDS)
    assert keys("tests.seldom") == ["2026-03-02T12:00:00+00:00", "2026-03-02T14:00:00+00:00"]
