"""What came of many seeds, and how fast were they run?"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.orders.simulation.simulation import Simulation

WORDS = 400  #: of what is said of a failure


@dataclass
class Found:
    """`broken`: what was said of each seed that failed; `counts`: what went wrong in the worlds, all together."""

    seeds: int = 0
    broken: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    events: int = 0
    cpu_seconds: float = 0.0
    longest_doubt_us: int = 0  #: in the calm

    @property
    def seeds_per_second(self) -> float:
        return self.seeds / self.cpu_seconds if self.cpu_seconds else 0.0


def run(seeds: Iterable[int]) -> Found:
    """In this process, one after another; a seed that fails does not end it."""
    found, began = Found(), time.process_time()
    with garbage_left_alone():
        for seed in seeds:
            run_one(seed, found)
            gc.collect()  # while it is still in the processor's caches, what is left of a world is soon looked through
    found.cpu_seconds = time.process_time() - began
    return found


def run_one(seed: int, found: Found) -> None:
    world = Simulation(seed)
    found.seeds += 1
    try:
        world.run()
    except Exception as error:
        found.broken[seed] = f"{type(error).__name__}: {error}"[:WORDS]
    found.counts += world.counts
    found.orders += len(world.store.orders)
    found.events += sum(map(len, world.store.history.values()))
    found.longest_doubt_us = max(found.longest_doubt_us, world.settled_after_us)


@contextmanager
def garbage_left_alone() -> Iterator[None]:
    """Worlds are full of cycles, and looking for them in the middle of one costs as much as the world."""
    was_enabled = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
