"""Updates to sockets: this project and its peers under a named load, interleaved."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner, tools
from bench.bars import BARS
from bench.contenders import FAN_OUT
from bench.fan_out import Settings, measure
from bench.loads import LOADS, Load
from bench.report import Column, Report
from bench.rounds import Turn


def percent(value: float) -> str:
    return f"{value:.0%}"


CPU = Column("cpu_us_per_update", "CPU µs/update", has_spread=True, has_ratio=True)
P99 = Column("p99_ms", "p99 ms", has_spread=True, has_ratio=True)
FED = (
    Column("feed_per_second", "feed/s"),
    Column("delivered_per_second", "delivered/s"),
    Column("delivered_share", "share", percent),
    Column("merged_share", "merged", percent),
    CPU,
    Column("cpu_share", "CPU", percent),
    Column("apart_cpu_share", "apart", percent),
    Column("updates_per_frame", "updates/frame"),
    Column("bytes_per_update", "B/update"),
    Column("p50_ms", "p50 ms"),
    P99,
    Column("rss_mb", "RSS MB"),
    Column("rss_kb_per_socket", "KB/socket"),
    Column("faults", "faults", lambda value: f"{value:,.0f}"),
)
HALVES = (
    Column("p99_ms_first_half", "p99 ms first half", has_spread=True),
    Column("p99_ms_second_half", "second half", has_spread=True),
    Column("rss_growth_mb", "RSS growth MB", has_spread=True),
    Column("rss_growth_second_half_mb", "second half", has_spread=True),
)
STANDING = (
    Column("web_kb_per_socket", "KB/socket", has_spread=True, has_ratio=True),
    Column("rss_mb", "RSS MB"),
    Column("faults", "faults", lambda value: f"{value:,.0f}"),
)
LATENCIES = {"p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "p99.9": "p999_ms"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    loads = "; ".join(f"{load.name}: {load}" for load in LOADS.values())
    parser.add_argument("--load", choices=LOADS, default="A", help=loads)
    parser.add_argument("--block", action="store_true", help="the generator sleeps in epoll_wait instead of polling")
    runner.add_arguments(parser, [one.key for one in FAN_OUT])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a run of this project failed or lost something, or a bar was missed."""
    console = Console(stderr=True)
    load = chosen_load(args.load, args)
    settings = Settings(tools.loadgen(console.print), poll_us=0 if args.block else Settings.poll_us)
    entrants = {one.key: one for one in FAN_OUT}

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        return measure(entrants[turn.key], load, turn.seed, settings, directory)

    entries = {key: runner.Entry(one.title, one) for key, one in entrants.items()}
    title = f"Fan-out, load {load.name}: {load}"
    bench = runner.Bench(title, entries, one, brief, columns(load), panels_of(load), BARS.get(load.name, ()))
    report = runner.conduct(bench, args, console, load=dataclasses.asdict(load), polling=not args.block)
    return runner.exit_code(report)


def chosen_load(name: str, args: argparse.Namespace) -> Load:
    load = LOADS[name]
    return dataclasses.replace(load, seconds=args.seconds) if args.seconds else load


def columns(load: Load) -> tuple[Column, ...]:
    if load.idle:
        return STANDING
    return (*FED, *HALVES) if load.name in ("D", "stalled") else FED


def brief(row: Mapping[str, Any]) -> str:
    if not row["feed_per_second"]:
        return f"{row['web_kb_per_socket']:.1f} KB/socket, faults {row['faults']}"
    return (
        f"{row['delivered_per_second']:,.0f}/s, {row['cpu_us_per_update']:.2f} µs/update, p50 {row['p50_ms']:.1f} ms, "
        f"p99 {row['p99_ms']:.1f} ms, merged {row['merged_share']:.0%}, faults {row['faults']}"
    )


def panels_of(load: Load) -> runner.Panels:
    if load.idle:
        return lambda report: [report.bars("web_kb_per_socket", "Memory per socket, KB")]
    return panels


def panels(report: Report) -> list[runner.Panel]:
    return [
        report.bars("delivered_per_second", "Updates delivered per second"),
        report.spreads("cpu_us_per_update", "Processor time per delivered update", "µs"),
        report.percentiles(LATENCIES, "Delay from the feed's time stamp to the client"),
    ]
