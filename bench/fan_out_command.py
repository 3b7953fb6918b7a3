"""Updates to sockets: this project and its peers under a named load, interleaved."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner, tools
from bench.contenders import FAN_OUT
from bench.fan_out import FAULTS, Settings, measure
from bench.loads import LOADS, Load
from bench.report import Column, Report
from bench.rounds import OURS, Turn

COLUMNS = (
    Column("feed_per_second", "feed/s"),
    Column("delivered_per_second", "delivered/s"),
    Column("delivered_share", "share", lambda value: f"{value:.0%}"),
    Column("cpu_us_per_update", "CPU µs/update", has_spread=True, has_ratio=True),
    Column("cpu_share", "CPU", lambda value: f"{value:.0%}"),
    Column("apart_cpu_share", "apart", lambda value: f"{value:.0%}"),
    Column("updates_per_frame", "updates/frame"),
    Column("bytes_per_update", "B/update"),
    Column("p50_ms", "p50 ms"),
    Column("p99_ms", "p99 ms", has_spread=True, has_ratio=True),
    Column("rss_mb", "RSS MB"),
    Column("rss_kb_per_socket", "KB/socket"),
    Column("faults", "faults", lambda value: f"{value:,.0f}"),
)
LATENCIES = {"p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "p99.9": "p999_ms"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    loads = "; ".join(f"{load.name}: {load}" for load in LOADS.values())
    parser.add_argument("--load", choices=LOADS, default="A", help=loads)
    parser.add_argument("--block", action="store_true", help="the generator sleeps in epoll_wait instead of polling")
    runner.add_arguments(parser, [one.key for one in FAN_OUT])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a run of this project failed or lost something."""
    console = Console(stderr=True)
    load = chosen_load(args)
    settings = Settings(tools.loadgen(console.print), poll_us=0 if args.block else Settings.poll_us)
    ready, not_run = runner.prepared(FAN_OUT, args.only, console)

    def one(turn: Turn, directory: Path) -> dict[str, Any]:
        measured = measure(ready[turn.key], load, turn.seed, settings, directory)
        return {**measured, "faults": sum(measured[name] for name in FAULTS)}

    rows = runner.in_turn(console, {key: one.title for key, one in ready.items()}, args, one, brief)
    titles = {one.key: one.title for one in FAN_OUT if one.key in ready or one.key in not_run}
    against = dict.fromkeys(titles, OURS)
    report = Report(f"Fan-out, load {load.name}: {load}", args.said, titles, against, COLUMNS, rows, not_run)
    runner.finish(report, args, panels, load=dataclasses.asdict(load), polling=not args.block)
    return int(any("failed" in row or row["faults"] for row in rows if row["contender"] == OURS))


def chosen_load(args: argparse.Namespace) -> Load:
    load = LOADS[args.load]
    return dataclasses.replace(load, seconds=args.seconds) if args.seconds else load


def brief(row: Mapping[str, Any]) -> str:
    return (
        f"{row['delivered_per_second']:,.0f}/s, {row['cpu_us_per_update']:.2f} µs/update, p50 {row['p50_ms']:.1f} ms, "
        f"p99 {row['p99_ms']:.1f} ms, faults {row['faults']}"
    )


def panels(report: Report) -> list[runner.Panel]:
    return [
        report.bars("delivered_per_second", "Updates delivered per second"),
        report.spreads("cpu_us_per_update", "Processor time per delivered update", "µs"),
        report.percentiles(LATENCIES, "Delay from the feed's time stamp to the client"),
    ]
