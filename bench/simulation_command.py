"""Simulated worlds of the order core on one core, each under a seed of its own, and the promises that they break."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from bench import runner
from bench.bars import Bar
from bench.children import ROOT, ChildFailed, plain_environment
from bench.report import Column, Report
from bench.rounds import OURS, Turn

DEFAULT_WORLDS = 2_000
SECONDS = 1_800
COLUMNS = (
    Column("seeds_per_second", "seeds/s", has_spread=True),
    Column("cpu_ms_per_seed", "CPU ms/seed", has_spread=True),
    Column("orders_per_seed", "orders/seed"),
    Column("events_per_seed", "events/seed"),
    Column("faults", "broken rules", lambda value: f"{value:,.0f}"),
)
BARS = (Bar("processor time of a seed, ms (200 seeds a second)", "cpu_ms_per_seed", 5.0, ours=OURS),)


class Worlds(NamedTuple):
    """This project, the only one that takes part."""

    key: str = OURS
    title: str = "simulated order core"
    prepare: Callable[[Callable[[str], None]], object] = lambda say: None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--worlds", type=int, default=DEFAULT_WORLDS, help="of each repetition; each goes on from the last"
    )
    runner.add_arguments(parser, [])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a rule was broken or it was too slow."""

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        return measure(turn.repetition * args.worlds, args.worlds, directory)

    entries = {OURS: runner.Entry(Worlds().title, Worlds())}
    bench = runner.Bench(
        f"Simulation of the order core, {args.worlds:,} seeds", entries, one, brief, COLUMNS, panels, BARS
    )
    return runner.exit_code(runner.conduct(bench, args, Console(stderr=True), worlds=args.worlds))


def measure(first: int, worlds: int, directory: Path) -> dict[str, Any]:
    """In a process of its own; what it says of seeds that break a rule stands in its log."""
    command = [sys.executable, "-m", "tests.orders.simulation", str(first), str(first + worlds), "--json"]
    environment = {**plain_environment(), "TMW_DATA_DIR": str(directory)}
    with (directory / "simulation.log").open("w") as log:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, timeout=SECONDS
        )
    if not done.stdout:
        raise ChildFailed("the simulation said nothing")
    found = json.loads(done.stdout)
    seeds, cpu_seconds = found["seeds"], found["cpu_seconds"]
    return {
        "seeds_per_second": seeds / cpu_seconds,
        "cpu_ms_per_seed": 1_000 * cpu_seconds / seeds,
        "orders_per_seed": found["orders"] / seeds,
        "events_per_seed": found["events"] / seeds,
        "faults": len(found["broken"]),
        "broken": found["broken"],
    }


def brief(row: Mapping[str, Any]) -> str:
    return f"{row['seeds_per_second']:,.0f} seeds/s, {row['cpu_ms_per_seed']:.2f} ms/seed, {row['faults']} broke a rule"


def panels(report: Report) -> list[runner.Panel]:
    return [report.bars("seeds_per_second", "Seeds a second on one core")]
