"""Open orders compared with the engine's at the start, one in twenty differing: how long do new orders wait?"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from bench import runner, tools
from bench.bars import Bar
from bench.children import ROOT, ChildFailed, plain_environment
from bench.product import Product
from bench.report import Column, Report
from bench.rounds import OURS, Turn

DEFAULT_ORDERS = 10_000
COMMAND_SECONDS = 300
DIFFERENCES_LEFT = 1  #: exit code of `manage.py reconcile`
COLUMNS = (
    Column("settled_seconds", "compared and settled, s", has_spread=True),
    Column("again_seconds", "again, nothing new, s", has_spread=True),
    Column("differing", "differing"),
    Column("missed", "of them missed"),
)
BARS = (Bar("10,000 open orders compared and settled, s", "settled_seconds", 10.0, ours=OURS),)


class Side(NamedTuple):
    """This project, the only one that takes part: no peer reconciles."""

    key: str = OURS
    title: str = "order bridge and engine"
    prepare: Callable[[Callable[[str], None]], object] = lambda say: None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=DEFAULT_ORDERS)
    runner.add_arguments(parser, [])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a difference was missed or it took too long."""

    def one(_turn: Turn, directory: Path) -> Mapping[str, Any]:
        return measure(args.orders, directory)

    title = f"Reconciliation of {args.orders:,} open orders at the start"
    entries = {OURS: runner.Entry(Side().title, Side())}
    bars = BARS if args.orders == DEFAULT_ORDERS else ()
    bench = runner.Bench(title, entries, one, brief, COLUMNS, panels, bars)
    return runner.exit_code(runner.conduct(bench, args, Console(stderr=True), orders=args.orders))


def measure(orders: int, directory: Path) -> dict[str, Any]:
    """A database with its engine, both filled while nothing runs; then the system starts."""
    with Product(directory):
        pass
    seeded = said(directory, "-m", "bench.reconcile_seed", str(orders))
    with Product(directory):
        first = said(directory, "manage.py", "reconcile", "--json", "--last")
        again = said(directory, "manage.py", "reconcile", "--json")
    differing = sum(seeded.values())
    return {
        "settled_seconds": seconds(first),
        "again_seconds": seconds(again),
        "differing": differing,
        "missed": differing - len(first["differences"]),
        "faults": abs(differing - len(first["differences"])),
    }


def said(directory: Path, *words: str) -> dict[str, Any]:
    """What a command of the product says as JSON."""
    environment = {**plain_environment(), "TMW_DATA_DIR": str(directory / "data")}
    command = [str(tools.product_python()), *words]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    if ran.returncode not in (0, DIFFERENCES_LEFT):
        raise ChildFailed(f"{' '.join(words)}: {ran.stderr}")
    return dict(json.loads(ran.stdout))


def seconds(run: Mapping[str, str]) -> float:
    return (datetime.fromisoformat(run["endedAt"]) - datetime.fromisoformat(run["beganAt"])).total_seconds()


def brief(row: Mapping[str, Any]) -> str:
    return f"{row['settled_seconds']:.2f} s, {row['missed']} of {row['differing']} differences missed"


def panels(report: Report) -> list[runner.Panel]:
    return [report.bars("settled_seconds", "Seconds until new orders are taken")]
