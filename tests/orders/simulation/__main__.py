"""`python -m tests.orders.simulation SEED` tells what happens under it; with a second number it runs the range."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from tests.orders.simulation.running import Found, run  # noqa: E402
from tests.orders.simulation.schedule import SECOND_US  # noqa: E402
from tests.orders.simulation.simulation import Simulation  # noqa: E402


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.orders.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("last", type=int, nargs="?", help="run all seeds from SEED up to, and without, this one")
    parser.add_argument("--json", action="store_true", help="the figures of a range as JSON")
    args = parser.parse_args(words)
    if args.last is None:
        return tell(args.seed)
    return run_range(range(args.seed, args.last), show_as_json if args.json else show)


def tell(seed: int) -> int:
    """Everything that happens under one seed, with the time in seconds; the exit code is 1 where a rule is broken."""
    world = Simulation(seed, tell=line)
    say(", ".join(f"{name} {chance:.3f}" for name, chance in world.weather._asdict().items() if chance))
    try:
        world.run()
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return 1
    say(f"Every rule was kept; all was settled {world.settled_after_us / SECOND_US:.2f} s after the storm.")
    say(", ".join(f"{count} {what}" for what, count in sorted(world.counts.items())))
    return 0


def run_range(seeds: range, shown: Callable[[Found], None]) -> int:
    found = run(seeds)
    shown(found)
    return int(bool(found.broken))


def show_as_json(found: Found) -> None:
    say(json.dumps(vars(found)))


def show(found: Found) -> None:
    for seed, why in found.broken.items():
        say(f"seed {seed}: {why}")
    say(f"{found.seeds:,} seeds, {len(found.broken)} broke a rule, {found.seeds_per_second:.0f} a second of a core")


def line(now_us: int, who: str, what: Any) -> None:
    say(f"{now_us / SECOND_US:10.6f}  {who:9} {what}")


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
