"""Processor time of an order in the core, with the gate and without it, beside 1,000 open orders under 20 limits."""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from bench import runner, tools
from bench.bars import Bar
from bench.children import ROOT, ChildFailed, plain_environment
from bench.report import Column, Report
from bench.rounds import OURS, Turn

DEFAULT_ORDERS = 200
SECONDS = 600
#: lines of the table: orders that come one by one, and 16 in a batch; placed, changed, filled
TITLES = {
    "place_off": "an order alone in its batch, without the gate",
    "place_on": "the same with it",
    "place": "what the gate adds to it",
    "batch_off": "an order of a batch of 16, without the gate",
    "batch_on": "the same with it",
    "batch": "what the gate adds to it",
    "fill_off": "a fill, with nothing counted",
    "fill_on": "the same, counted",
    "fill": "what counting adds to it",
}
FIGURE = "cpu_us"
COLUMNS = (Column(FIGURE, "CPU µs", lambda value: f"{value:,.1f}", has_spread=True),)
LIMIT_US = 150
BARS = (
    Bar("what the gate adds to an order that comes alone, µs", FIGURE, LIMIT_US, ours=f"{OURS}/place"),
    Bar("what it adds to an order of a batch of 16, µs", FIGURE, LIMIT_US, ours=f"{OURS}/batch"),
)


class Gate(NamedTuple):
    """This project, the only one that takes part."""

    key: str = OURS
    title: str = "the gate"
    prepare: Callable[[Callable[[str], None]], object] = lambda say: None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=DEFAULT_ORDERS, help="of each kind in a round")
    runner.add_arguments(parser, [])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where the gate costs too much."""
    known: dict[int, Mapping[str, float]] = {}

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        if turn.repetition not in known:
            known[turn.repetition] = measure(args.orders, directory)
        return {FIGURE: known[turn.repetition][turn.key.rpartition("/")[2]]}

    entries = {f"{OURS}/{name}": runner.Entry(title, Gate()) for name, title in TITLES.items()}
    bench = runner.Bench("What the gate adds to an order in the core", entries, one, brief, COLUMNS, panels, BARS)
    return runner.exit_code(runner.conduct(bench, args, Console(stderr=True), orders=args.orders))


def measure(orders: int, directory: Path) -> dict[str, float]:
    """In a process of its own, by the names of `TITLES`: with and without take turns in it."""
    command = [str(tools.product_python()), "-m", "bench.gate_process", str(orders)]
    environment = {**plain_environment(), "TMW_DATA_DIR": str(directory)}
    with (directory / "gate.log").open("w") as log:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, timeout=SECONDS
        )
    if done.returncode:
        raise ChildFailed(f"bench.gate_process ended with {done.returncode}")
    return dict(json.loads(done.stdout))


def brief(row: Mapping[str, Any]) -> str:
    return f"{row[FIGURE]:,.1f} µs"


def panels(report: Report) -> list[runner.Panel]:
    return [report.bars(FIGURE, "Processor time, µs")]
