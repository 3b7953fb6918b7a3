"""Does an idle hub send at once, a busy one gather, and one with too much to send merge?"""

from __future__ import annotations

import pytest

from marketdata.hub.flushing import FlushClock
from tests.marketdata.hub.model import Turns

LONGEST = 0.008


class Flushes:
    """Flushes that take as long as a test says."""

    def __init__(self, cost_seconds: float = 0.0) -> None:
        self.turns = Turns()
        self.cost_seconds = cost_seconds
        self.at: list[float] = []
        self.merging: list[bool] = []
        self.clock = FlushClock(self.turns, self._flush, LONGEST)

    def _flush(self, merging: bool) -> bool:
        self.at.append(self.turns.now)
        self.merging.append(merging)
        self.turns.now += self.cost_seconds
        return True


@pytest.fixture
def busy() -> Flushes:
    """A hub whose flushes take their time, long enough to know it."""
    flushes = Flushes(0.002)
    work(flushes, 50)
    return flushes


def work(flushes: Flushes, count: int) -> None:
    for _ in range(count):
        flushes.clock.soon()
        done = len(flushes.at)
        while len(flushes.at) == done:
            flushes.turns.turns()
            if len(flushes.at) == done:
                flushes.turns.passes(0.0001)


def test_an_idle_hub_flushes_in_the_next_turn() -> None:
    flushes = Flushes()
    flushes.clock.soon()
    assert not flushes.at
    flushes.turns.turns()
    assert flushes.at == [flushes.turns.now]


def test_whatever_comes_before_a_flush_leaves_with_it() -> None:
    flushes = Flushes()
    flushes.clock.soon()
    flushes.clock.soon()
    flushes.turns.turns()
    assert len(flushes.at) == 1


def test_flushes_that_cost_nothing_follow_every_update() -> None:
    flushes = Flushes()
    work(flushes, 10)
    assert flushes.clock.interval_seconds == 0
    assert flushes.turns.now == 1000.0


def test_the_pause_follows_what_a_flush_costs(busy: Flushes) -> None:
    assert busy.clock.cost_seconds == pytest.approx(0.002, rel=0.05)
    assert busy.clock.interval_seconds == pytest.approx(0.005, rel=0.05)
    assert busy.at[-1] - busy.at[-2] == pytest.approx(0.0029, rel=0.05)  # the rest is the feed bridge's to wait


def test_the_pause_is_never_longer_than_is_set(busy: Flushes) -> None:
    busy.cost_seconds = 0.005
    work(busy, 50)
    assert busy.clock.interval_seconds == LONGEST


def test_flushes_that_take_longer_than_that_leave_others_their_time(busy: Flushes) -> None:
    busy.cost_seconds = 0.07
    work(busy, 50)
    assert busy.at[-1] - busy.at[-2] == pytest.approx(0.1, rel=0.05)


def test_the_first_update_after_a_pause_leaves_at_once(busy: Flushes) -> None:
    busy.turns.passes(LONGEST)
    busy.clock.soon()
    busy.turns.turns()
    assert busy.at[-1] == pytest.approx(busy.turns.now - busy.cost_seconds)


def test_a_hub_with_little_to_do_again_flushes_at_once_again(busy: Flushes) -> None:
    busy.cost_seconds = 0.0
    work(busy, 50)
    assert busy.clock.interval_seconds < 0.0001


def test_a_single_stall_merges_nothing_and_is_soon_forgotten(busy: Flushes) -> None:
    busy.cost_seconds = 1.0
    work(busy, 1)
    busy.cost_seconds = 0.002
    work(busy, 20)
    assert not any(busy.merging)
    assert busy.clock.interval_seconds < LONGEST


def test_a_loop_that_was_late_flushes_all_that_came(busy: Flushes) -> None:
    busy.clock.soon()
    busy.turns.passes(0.1)
    busy.turns.turns()
    assert not busy.merging[-1]


def test_flushes_that_take_too_long_merge_until_they_do_not() -> None:
    flushes = Flushes(0.1)
    work(flushes, 20)
    assert not flushes.merging[0] and flushes.merging[-1]
    flushes.cost_seconds = 0.001
    work(flushes, 50)
    assert not flushes.merging[-1]
