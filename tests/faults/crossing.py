"""A bridge, its engine and a go-between, and the ways in which the engine's answers come about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bridge.sockets.curve import KeyRing
from bridge.wire.messages import ReplayDone
from tests.bridge.waiting import until
from tests.faults.go_between import Fate, GoBetween, at_once, late, never, one_of, shuffled, three_times
from tests.orders.bridge.processes import Processes, make_template

WAYS = ("lost", "late", "tripled", "reordered", "all of it")


class Size(NamedTuple):
    """What a run asks for."""

    orders: int
    deadline_ms: int
    late_seconds: float


SHORT, LONG = Size(60, 1_000, 3.0), Size(500, 2_000, 10.0)


class Crossed(NamedTuple):
    """A bridge and its engine with a go-between."""

    processes: Processes
    between: GoBetween
    size: Size

    def fate(self, way: str) -> Fate:
        """Of each answer, as long as the line is bad."""
        pick, slow = random.Random(way), late(self.size.late_seconds)
        anyhow = shuffled(pick, 0.1)
        mixed = one_of(pick, at_once, never, slow, three_times, anyhow)
        return dict(zip(WAYS, (never, slow, three_times, anyhow, mixed), strict=True))[way]


@contextmanager
def crossing(home: Path, size: Size) -> Iterator[Crossed]:
    """They run while the block does."""
    processes = Processes(make_template(home / "template"), home / "data")
    between = GoBetween(KeyRing(home / "data" / "keys"), processes.environment["TMW_ENGINE_COMMANDS"])
    processes.start("engine")
    deadline = {"TMW_COMMAND_DEADLINE_MS": str(size.deadline_ms)}
    processes.start("orders", TMW_ENGINE_COMMANDS=between.address, **deadline)
    yield Crossed(processes, between, size)
    processes.end()
    between.close()


def mend(between: GoBetween) -> None:
    """Where nothing comes at all, at the worst moment: just when a replay was asked for in vain."""
    before = between.lost[ReplayDone]
    if between.fate is never:
        until(lambda: between.lost[ReplayDone] > before, "another replay that is lost")
    between.fate = at_once


def everything_has_come(crossed: Crossed, last: str) -> None:
    """The last answer that was late, and what the bridge made of it: it takes an order more, of that name."""
    until(lambda: crossed.between.is_idle, "the last late answer")
    answer = crossed.processes.ask(crossed.processes.place(last, price=1, wait_seconds=5))
    assert answer.order["status"] == "new"
