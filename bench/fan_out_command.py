"""Updates to sockets: this project and its peers under a named load, interleaved."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import chart, tools
from bench.contenders import FAN_OUT, OURS, Contender
from bench.fan_out import FAULTS, Settings, measure
from bench.loads import LOADS, Load
from bench.progress import in_turn
from bench.report import Column, Report
from bench.rounds import Turn

COLUMNS = (
    Column("delivered_per_second", "delivered/s"),
    Column("delivered_share", "share", lambda value: f"{value:.0%}"),
    Column("cpu_us_per_update", "CPU µs/update", has_spread=True, has_ratio=True),
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
    parser.add_argument("--load", choices=LOADS, default="A", help="; ".join(f"{x.name}: {x}" for x in LOADS.values()))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, help="measured time of each run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="used in turn")
    parser.add_argument("--only", nargs="+", choices=[one.key for one in FAN_OUT], help="not all contenders")
    parser.add_argument("--block", action="store_true", help="the generator sleeps in epoll_wait instead of polling")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--chart", type=Path, help="write an SVG chart to this file")


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where any run failed or lost something."""
    console = Console(stderr=True)
    load = chosen_load(args)
    settings = Settings(tools.loadgen(console.print), poll_us=0 if args.block else Settings.poll_us)
    contenders = {one.key: one for one in FAN_OUT if not args.only or one.key in args.only}
    ready, not_run = prepared(contenders, console.print)
    with tempfile.TemporaryDirectory(prefix="tradingmw-bench-") as home:

        def one(turn: Turn) -> dict[str, Any]:
            directory = Path(home) / f"{turn.repetition}-{turn.key}"
            try:
                measured = measure(ready[turn.key], load, turn.seed, settings, directory)
            finally:
                shutil.rmtree(directory, ignore_errors=True)
            return {**measured, "faults": sum(measured[name] for name in FAULTS)}

        rows = in_turn(console, ready, args.repetitions, args.seeds, one, brief)
    titles = {key: one.title for key, one in contenders.items()}
    report = Report(f"Fan-out, load {load.name}: {load}", args.said, titles, OURS, COLUMNS, rows, not_run)
    finish(report, load, args)
    return int(any("failed" in row or row["faults"] for row in rows if row["contender"] == OURS))


def chosen_load(args: argparse.Namespace) -> Load:
    load = LOADS[args.load]
    return dataclasses.replace(load, seconds=args.seconds) if args.seconds else load


def prepared(
    contenders: dict[str, Contender], say: Callable[[str], None]
) -> tuple[dict[str, Contender], dict[str, str]]:
    """Those that can run here, and why the others cannot."""
    ready, not_run = {}, {}
    for key, contender in contenders.items():
        try:
            contender.prepare(say)
            ready[key] = contender
        except tools.Missing as missing:
            not_run[key] = str(missing)
    return ready, not_run


def brief(row: dict[str, Any]) -> str:
    return (
        f"{row['delivered_per_second']:,.0f}/s, {row['cpu_us_per_update']:.2f} µs/update, p50 {row['p50_ms']:.1f} ms, "
        f"p99 {row['p99_ms']:.1f} ms, faults {row['faults']}"
    )


def finish(report: Report, load: Load, args: argparse.Namespace) -> None:
    report.show(Console())
    if args.json:
        report.write_json(args.json, load=dataclasses.asdict(load), seeds=args.seeds, polling=not args.block)
    if args.chart:
        panels = [
            report.bars("delivered_per_second", "Updates delivered per second"),
            report.bars("cpu_us_per_update", "Processor time per delivered update, µs (less is better)"),
            report.percentiles(LATENCIES, "Delay from the feed's time stamp to the client"),
        ]
        chart.write(args.chart, report.title, report.command, panels)
