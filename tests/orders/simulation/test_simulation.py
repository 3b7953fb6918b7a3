"""Is any promise broken in a thousand worlds where everything goes wrong? (Scoreboard check 9)

A seed that fails is named with what it broke; `python -m tests.orders.simulation SEED` tells what happened under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.orders.simulation.running import Found, run
from tests.orders.simulation.schedule import SECOND_US
from tests.orders.simulation.simulation import Simulation
from tests.scoreboard import Measured

SEEDS = 500
MANY_SEEDS = 10_000
AGAIN = 20
WANTED_PER_SECOND = 200
BUSY = 5  #: times slower is a machine that does other things too
LONGEST_DOUBT_SECONDS = 15  #: after the storm: clocks that were 5 s wrong, and silence that has to be noticed
KINDS = {
    "dropped",
    "garbled",
    "repeated",
    "overtaken",
    "astray",
    "crashes",
    "cut_connection",
    "swallow_everything",
    "freeze_bridge",
    "engine_dies",
    "set_a_clock",
    "postponed",
    "doubtful commits",
    "fenced",
}


@pytest.fixture(scope="module")
def found() -> Found:
    return run(range(SEEDS))


def test_no_seed_breaks_a_rule(found: Found, measured: Measured) -> None:
    measured(9, f"seeds that broke a rule, of {SEEDS}", len(found.broken), "0")
    hold(found)


def test_every_kind_of_trouble_was_met(found: Found) -> None:
    assert found.counts.keys() >= KINDS
    assert found.orders > found.seeds
    assert found.events > 3 * found.orders


def test_the_same_seed_is_the_same_world(measured: Measured) -> None:
    differing = sum(story_of(seed) != story_of(seed) for seed in range(AGAIN))
    measured(9, f"seeds that were another world the second time, of {AGAIN}", differing, "0")
    assert not differing


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_ten_thousand_seeds_break_no_rule(measured: Measured) -> None:
    found = run(range(MANY_SEEDS))
    measured(9, "seeds", f"{found.seeds:,}", f"≥ {MANY_SEEDS:,}")
    measured(9, "seeds that broke a rule", len(found.broken), "0")
    measured(9, "seeds a second on a core", f"{found.seeds_per_second:.0f}", f"≥ {WANTED_PER_SECOND}")
    hold(found)
    assert found.seeds_per_second > WANTED_PER_SECOND / BUSY


def hold(found: Found) -> None:
    assert not found.broken, "\n".join(f"seed {seed}: {why}" for seed, why in found.broken.items())
    assert found.longest_doubt_us <= LONGEST_DOUBT_SECONDS * SECOND_US


def story_of(seed: int) -> Iterable[tuple[int, str, str]]:
    """Everything that anybody says in it."""
    lines: list[tuple[int, str, str]] = []

    def tell(now_us: int, who: str, what: Any) -> None:
        lines.append((now_us, who, str(what)))

    Simulation(seed, tell).run()
    return lines
