"""Orders over REST: this project and Express, K clients with one order on its way each, interleaved."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner, tools
from bench.order_load import ORDER_TAKERS, measure
from bench.report import Column, Report
from bench.rounds import OURS, Turn

DEFAULT_SECONDS = 5.0
COLUMNS = (
    Column("orders_per_second", "orders/s", has_spread=True, has_ratio=True),
    Column("p50_ms", "p50 ms"),
    Column("p99_ms", "p99 ms", has_spread=True, has_ratio=True),
    Column("cpu_us_per_order", "CPU µs/order", has_spread=True, has_ratio=True),
    Column("cpu_share", "CPU", lambda value: f"{value:.0%}"),
    Column("apart_cpu_share", "apart", lambda value: f"{value:.0%}"),
    Column("rss_mb", "RSS MB"),
)
LATENCIES = {"p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "p99.9": "p999_ms"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 32])
    runner.add_arguments(parser, [one.key for one in ORDER_TAKERS])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a run of this project failed."""
    console = Console(stderr=True)
    loadgen = tools.loadgen(console.print)
    entrants = {one.key: one for one in ORDER_TAKERS}

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        key, _, clients = turn.key.partition("/")
        return measure(entrants[key], int(clients), args.seconds or DEFAULT_SECONDS, loadgen, directory)

    entries = {
        f"{one.key}/{clients}": runner.Entry(f"{clients} × {one.title}", one, against=f"{OURS}/{clients}")
        for clients in args.clients
        for one in ORDER_TAKERS
    }
    bench = runner.Bench("Orders over REST, closed loop", entries, one, brief, COLUMNS, panels)
    return runner.exit_code(runner.conduct(bench, args, console, clients=args.clients))


def brief(row: Mapping[str, Any]) -> str:
    return (
        f"{row['orders_per_second']:,.0f}/s, p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms, "
        f"{row['cpu_us_per_order']:,.0f} µs/order"
    )


def panels(report: Report) -> list[runner.Panel]:
    return [
        report.bars("orders_per_second", "Orders answered per second"),
        report.spreads("cpu_us_per_order", "Processor time per order, without the engine", "µs"),
        report.percentiles(LATENCIES, "Time from the request to its answer"),
    ]
