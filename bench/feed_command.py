"""The engine's ticks to frames: the feed bridge under more than it can take, and the same in Node, interleaved."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner
from bench.feed_load import FEEDS, measure
from bench.report import Column, Report
from bench.rounds import Turn

DEFAULT_SECONDS = 4.0
COLUMNS = (
    Column("per_core_second", "updates per core second", has_spread=True, has_ratio=True),
    Column("cpu_us_per_update", "CPU µs/update", has_spread=True),
    Column("per_second", "updates/s here"),
    Column("cpu_share", "CPU", lambda value: f"{value:.0%}"),
    Column("bytes_per_update", "B/update"),
    Column("faults", "faults", lambda value: f"{value:,.0f}"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    runner.add_arguments(parser, [one.key for one in FEEDS])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a run of this project failed or lost something."""
    console = Console(stderr=True)
    ready, not_run = runner.prepared(FEEDS, args.only, console)

    def one(turn: Turn, directory: Path) -> dict[str, Any]:
        return measure(ready[turn.key], turn.seed, args.seconds or DEFAULT_SECONDS, directory)

    rows = runner.in_turn(console, {key: feed.title for key, feed in ready.items()}, args, one, brief)
    titles = {feed.key: feed.title for feed in FEEDS if feed.key in ready or feed.key in not_run}
    against = {key: key.replace("node", "ours") for key in titles}
    report = Report("Feed bridge: decode, book, encode, publish", args.said, titles, against, COLUMNS, rows, not_run)
    runner.finish(report, args, panels)
    return int(any("failed" in row or row["faults"] for row in rows if row["contender"].startswith("ours")))


def brief(row: Mapping[str, Any]) -> str:
    return (
        f"{row['per_core_second']:,.0f}/core second, {row['cpu_us_per_update']:.2f} µs/update, "
        f"{row['per_second']:,.0f}/s at {row['cpu_share']:.0%} CPU, faults {row['faults']}"
    )


def panels(report: Report) -> list[runner.Panel]:
    return [report.bars("per_core_second", "Updates per second of one core")]
