"""Are new orders refused while too much is to be done, the lowest tier first, and taken again when it is over?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orders.bridge.intake import BATCH_MAX, Backlog
from orders.bridge.load import CALM, HOLD_SECONDS, RISES, Bounds, LoadGate
from tradingmw.budgets import Tier

BOUNDS = Bounds(wait_seconds=1.0, waiting=1_000)
MANY = BATCH_MAX + 1
IDLE = Backlog()


def waits(seconds: float) -> Backlog:
    return Backlog(MANY, seconds)


def admitted(gate: LoadGate) -> list[Tier]:
    return [tier for tier in Tier if gate.admits(tier)]


def after(backlog: Backlog, bounds: Bounds = BOUNDS) -> list[Tier]:
    gate = LoadGate(bounds)
    gate.look(backlog, 100.0)
    return admitted(gate)


def test_the_longer_it_takes_the_higher_the_tier_that_is_refused() -> None:
    assert after(waits(0.99)) == [Tier.LOW, Tier.STANDARD, Tier.HIGH]
    assert after(waits(1.0)) == [Tier.STANDARD, Tier.HIGH]
    assert after(waits(1.3)) == [Tier.HIGH]
    assert after(waits(1.6)) == []


def test_many_that_wait_are_as_bad_as_a_long_wait() -> None:
    assert after(Backlog(999)) == list(Tier)
    assert after(Backlog(1_300)) == [Tier.HIGH]


def test_slow_passes_are_felt_before_anybody_has_waited_for_long() -> None:
    assert after(Backlog(4 * BATCH_MAX, 0.0, 0.4)) == []
    assert after(Backlog(4 * BATCH_MAX, 0.0, 0.1)) == list(Tier)


def test_what_one_pass_takes_is_no_backlog_however_slow_it_is() -> None:
    assert after(Backlog(BATCH_MAX, 60.0, 60.0)) == list(Tier)


def test_a_bound_below_one_pass_counts_too() -> None:
    assert after(Backlog(20), Bounds(1.0, 20)) == [Tier.STANDARD, Tier.HIGH]


def test_it_falls_step_by_step_after_a_while_of_calm() -> None:
    gate = LoadGate(BOUNDS)
    gate.look(waits(2.0), 100.0)
    levels = []
    for tenths in range(1, 41):
        gate.look(IDLE, 100.0 + tenths / 10)
        levels.append(gate.level)
    assert levels == [3] * 9 + [2] * 10 + [1] * 10 + [0] * 11


def test_half_the_bound_is_no_calm() -> None:
    gate = LoadGate(BOUNDS)
    gate.look(waits(1.0), 100.0)
    for second in range(60):
        gate.look(waits(CALM), 101.0 + second)
    assert gate.level == 1


def test_it_says_when_the_level_becomes_another() -> None:
    gate = LoadGate(BOUNDS)
    assert gate.look(waits(1.0), 100.0)
    assert not gate.look(waits(1.0), 100.1)
    assert gate.look(IDLE, 100.1 + HOLD_SECONDS)


BACKLOGS = st.builds(Backlog, st.integers(0, 4_000), st.floats(0, 5), st.floats(0, 1))


@given(st.lists(st.tuples(st.floats(0, 2), BACKLOGS), max_size=80))
def test_it_rises_with_the_pressure_and_never_falls_two_steps_within_a_second(
    looks: list[tuple[float, Backlog]],
) -> None:
    gate, now, fell_at = LoadGate(BOUNDS), 100.0, float("-inf")
    for pause, backlog in looks:
        now, before = now + pause, gate.level
        gate.look(backlog, now)
        assert gate.level >= sum(gate.pressure(backlog) >= step for step in RISES)
        if gate.level < before:
            assert gate.level == before - 1 and now - fell_at >= HOLD_SECONDS
            fell_at = now
