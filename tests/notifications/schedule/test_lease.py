"""Who holds the lease: never two, and somebody else once the holder is dead."""

from __future__ import annotations

import pytest

from notifications.models import BeatLease
from notifications.schedule.lease import EXPIRY_SECONDS, Fenced, Lease

pytestmark = pytest.mark.django_db


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_takes_it_and_keeps_it(clock: Clock) -> None:
    first, second = Lease("first", clock), Lease("second", clock)
    assert (first.held(), second.held(), first.held()) == (True, False, True)
    assert (first.fence, second.fence) == (1, 0)


def test_nobody_takes_it_from_a_holder_who_renews_however_slowly_clocks_are_compared(clock: Clock) -> None:
    first, second = Lease("first", clock), Lease("second", clock)
    first.held()
    for _ in range(10):
        clock.seconds += EXPIRY_SECONDS - 0.1
        assert first.held()
        assert not second.held()


def test_the_lease_of_a_dead_holder_passes_on_after_a_while(clock: Clock) -> None:
    first, second = Lease("first", clock), Lease("second", clock)
    first.held()
    assert not second.held()
    clock.seconds += EXPIRY_SECONDS - 0.1
    assert not second.held()
    clock.seconds += 0.2
    assert second.held()
    assert second.fence == 2


def test_a_watcher_that_has_just_come_waits_the_whole_time(clock: Clock) -> None:
    Lease("first", clock).held()
    clock.seconds += 1_000
    assert not Lease("second", clock).held()


def test_a_holder_that_was_thought_dead_is_fenced(clock: Clock) -> None:
    first, second = Lease("first", clock), Lease("second", clock)
    first.held()
    second.held()
    clock.seconds += EXPIRY_SECONDS
    assert second.held()
    with pytest.raises(Fenced):
        first.hold()
    assert not first.held()
    second.hold()


def test_of_two_who_find_it_free_one_gets_it(clock: Clock) -> None:
    leases = [Lease(f"beat {number}", clock) for number in range(5)]
    assert sum(lease.held() for lease in leases) == 1


def test_a_lease_given_back_is_free_at_once(clock: Clock) -> None:
    first, second = Lease("first", clock), Lease("second", clock)
    first.held()
    first.give_back()
    assert second.held()
    assert second.fence == 2


def test_giving_back_what_is_anothers_changes_nothing(clock: Clock) -> None:
    first, second = Lease("first", clock), Lease("second", clock)
    first.held()
    first.give_back()
    second.held()
    first.give_back()
    assert BeatLease.objects.get().holder == "second"
    assert second.held()
