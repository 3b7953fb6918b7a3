"""When is a part that died started again, and when is there no hope for it?"""

from __future__ import annotations

from typing import cast

import pytest

from tradingmw.supervisor.keeper import LONGEST_PAUSE_SECONDS, PROVEN_AFTER_SECONDS, Keeper
from tradingmw.supervisor.parts import Part
from tradingmw.supervisor.process import ChildProcess

PART = Part("web", ("web",), "magenta", stop_turn=0)


class Child:
    """A child whose end the test decides."""

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.last_lines = ["the last it said"]

    def finish_output(self) -> None:
        pass


class Nursery:
    """Starts children, and remembers when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.starts: list[float] = []
        self.reports: list[str] = []
        self.fault: OSError | None = None
        self.keeper = Keeper(PART, self._start, self.reports.append)

    def _start(self) -> ChildProcess:
        self.starts.append(self.now)
        if self.fault:
            raise self.fault
        self.child = Child()
        return cast(ChildProcess, self.child)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            self.keeper.tick(self.now)

    def die(self, code: int = 1, after: float = 0.0) -> None:
        self.pass_time(after)
        self.child.exit_code = code
        self.pass_time(0.05)

    def pause_after_death(self) -> float:
        self.die()
        died_at = self.now
        while not self.keeper.living:
            self.pass_time(0.05)
        return self.now - died_at


def test_a_part_is_started_at_the_first_look() -> None:
    nursery = Nursery()
    nursery.pass_time(0.05)
    assert len(nursery.starts) == 1
    assert nursery.keeper.living


def test_a_part_that_keeps_dying_is_started_after_growing_pauses() -> None:
    nursery = Nursery()
    nursery.pass_time(0.05)
    pauses = [nursery.pause_after_death() for _ in range(8)]
    assert pauses[:5] == sorted(set(pauses[:5]))
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_SECONDS, abs=0.1)


def test_a_part_that_lived_for_a_while_is_started_again_soon() -> None:
    nursery = Nursery()
    nursery.pass_time(0.05)
    for _ in range(6):
        nursery.die()
        nursery.pass_time(6)
    nursery.die(after=PROVEN_AFTER_SECONDS)
    nursery.pass_time(0.5)
    assert nursery.keeper.living
    assert not nursery.keeper.hopeless


def test_a_part_that_never_lives_is_hopeless_after_a_few_deaths() -> None:
    nursery = Nursery()
    nursery.pass_time(0.05)
    nursery.die()
    assert not nursery.keeper.hopeless
    for _ in range(3):
        nursery.pass_time(6)
        nursery.die()
    assert nursery.keeper.hopeless
    assert nursery.keeper.last_lines == ["the last it said"]


def test_a_part_that_refuses_its_arguments_is_hopeless_at_once() -> None:
    nursery = Nursery()
    nursery.pass_time(0.05)
    nursery.die(code=2)
    assert nursery.keeper.hopeless


def test_a_process_that_the_system_refuses_is_tried_again() -> None:
    nursery = Nursery()
    nursery.fault = OSError("Resource temporarily unavailable")
    nursery.pass_time(0.05)
    nursery.fault = None
    nursery.pass_time(0.5)
    assert nursery.keeper.living
    assert "Resource temporarily unavailable" in nursery.reports[0]
