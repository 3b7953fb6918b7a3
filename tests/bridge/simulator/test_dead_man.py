"""When do orders end because nobody is left who could cancel them?"""

from __future__ import annotations

from bridge.simulator.dead_man import DeadMan

SECOND = 1_000_000


def looked_at(dead_man: DeadMan, since_us: int, until_us: int) -> int | None:
    """When it fires, where it is looked at each half second."""
    return next((at for at in range(since_us, until_us + 1, SECOND // 2) if dead_man.fires(at)), None)


def test_nobody_who_never_asked_for_it_is_watched() -> None:
    assert looked_at(DeadMan(), 0, 100 * SECOND) is None


def test_it_fires_once_when_it_is_not_put_off() -> None:
    dead_man = DeadMan()
    dead_man.put_off(15_000, 0)
    assert looked_at(dead_man, 0, 100 * SECOND) == 15 * SECOND
    assert looked_at(dead_man, 15 * SECOND, 100 * SECOND) is None


def test_each_heartbeat_puts_it_off() -> None:
    dead_man = DeadMan()
    for second in range(0, 100, 10):
        dead_man.put_off(15_000, second * SECOND)
        assert looked_at(dead_man, second * SECOND, (second + 9) * SECOND) is None
    assert looked_at(dead_man, 100 * SECOND, 200 * SECOND) == 105 * SECOND


def test_a_bridge_that_stops_as_it_was_asked_to_disarms_it() -> None:
    dead_man = DeadMan()
    dead_man.put_off(15_000, 0)
    dead_man.put_off(0, SECOND)
    assert not dead_man.armed
    assert looked_at(dead_man, 0, 100 * SECOND) is None


def test_time_in_which_the_engine_itself_stood_still_does_not_count() -> None:
    dead_man = DeadMan()
    dead_man.put_off(15_000, 0)
    assert looked_at(dead_man, 0, 10 * SECOND) is None
    assert looked_at(dead_man, 60 * SECOND, 100 * SECOND) == 65 * SECOND
