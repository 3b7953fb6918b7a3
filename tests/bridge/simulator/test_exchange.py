"""How market time follows the wall clock, and what one step does."""

from __future__ import annotations

import pytest

from bridge.simulator.actions import Action, Pull
from bridge.simulator.exchange import Clock, Exchange
from tests.bridge.simulator.room import QuietMarket, Tape, ask


def test_market_time_follows_the_wall_clock_at_its_speed() -> None:
    clock = Clock(1_000, speed=2.5)
    assert clock.advance(1_100, held=False) == 250
    assert clock.advance(1_101, held=False) + clock.advance(1_102, held=False) == 252 + 255


def test_while_held_market_time_stands_still_and_does_not_catch_up() -> None:
    clock = Clock(0)
    clock.advance(100, held=False)
    assert clock.advance(900, held=True) == 100
    assert clock.advance(1_000, held=False) == 200


def test_after_a_stall_the_market_does_not_rush() -> None:
    assert Clock(0).advance(3_600_000_000, held=False) == Clock.MOST_WALL_US


def test_a_clock_that_goes_back_moves_nothing() -> None:
    clock = Clock(1_000)
    assert clock.advance(500, held=False) == 0
    assert clock.advance(600, held=False) == 100


def test_a_market_that_cannot_keep_up_slows_down() -> None:
    clock = Clock(0)
    clock.advance(1_000, held=False)
    clock.fall_back(400)
    assert clock.advance(1_100, held=False) == 500
    assert clock.wall_us_until(900) == 400


def test_steps_go_through_the_market_to_its_end() -> None:
    market = QuietMarket(Action(0, 1, (ask("a", 100, 5),)), Action(7, 2, (Pull("nobody"),)))
    exchange = Exchange(market, Tape())
    dues = []
    while (due_us := exchange.next_due_us) is not None:
        dues.append(due_us)
        exchange.step(due_us)
    assert (dues, exchange.gone) == ([0, 7], 1)
    with pytest.raises(ValueError, match="ended"):
        exchange.step(8)
