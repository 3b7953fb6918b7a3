"""Positions and P&L of many executions worked out anew: how long does it take, and are they those that are stored?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner
from bench.bars import Bar
from bench.product import Product
from bench.reconcile_command import Side, said
from bench.report import Column, Report
from bench.rounds import OURS, Turn

DEFAULT_EXECUTIONS = 10_000
COLUMNS = (
    Column("verified_seconds", "worked out and compared, s", has_spread=True),
    Column("rebuilt_seconds", "rebuilt from nothing and stored, s", has_spread=True),
    Column("positions", "positions"),
    Column("differing", "that differ"),
)
BARS = (
    Bar("10,000 executions: positions worked out and compared, s", "verified_seconds", 2.0, ours=OURS),
    Bar("10,000 executions: positions rebuilt and stored, s", "rebuilt_seconds", 2.0, ours=OURS),
)
REBUILD = ("manage.py", "positions", "rebuild", "--json", "--by", "admin1", "--note", "bench")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--executions", type=int, default=DEFAULT_EXECUTIONS)
    runner.add_arguments(parser, [])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a position differs or it took too long."""

    def one(_turn: Turn, directory: Path) -> Mapping[str, Any]:
        return measure(args.executions, directory)

    title = f"Positions of {args.executions:,} executions rebuilt"
    entries = {OURS: runner.Entry("positions", Side(title="positions"))}
    bars = BARS if args.executions == DEFAULT_EXECUTIONS else ()
    bench = runner.Bench(title, entries, one, brief, COLUMNS, panels, bars)
    return runner.exit_code(runner.conduct(bench, args, Console(stderr=True), executions=args.executions))


def measure(executions: int, directory: Path) -> dict[str, Any]:
    """A database with demo users and instruments, filled while nothing runs; each command is a process of its own."""
    with Product(directory):
        pass
    seeded = said(directory, "-m", "bench.positions_seed", "trade", str(executions))
    verified = said(directory, "manage.py", "positions", "verify", "--json")
    before = said(directory, "-m", "bench.positions_seed", "forget")
    rebuilt = said(directory, *REBUILD)
    after = said(directory, "-m", "bench.positions_seed", "rows")
    differing = len(verified["differences"]) + sum(old != new for old, new in zip(*both(before, after), strict=True))
    return {
        "verified_seconds": verified["seconds"],
        "rebuilt_seconds": rebuilt["seconds"],
        "positions": seeded["positions"],
        "differing": differing,
        "faults": differing + abs(seeded["executions"] - verified["executions"]),
    }


def both(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """The rows that were written trade by trade, and those that were rebuilt: as many."""
    return list(before["rows"]), list(after["rows"])


def brief(row: Mapping[str, Any]) -> str:
    return f"{row['verified_seconds']:.2f} s, rebuilt in {row['rebuilt_seconds']:.2f} s, {row['differing']} differ"


def panels(report: Report) -> list[runner.Panel]:
    return [report.bars("verified_seconds", "Seconds until all are worked out and compared")]
