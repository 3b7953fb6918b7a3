"""Orders over REST and sockets: this project and Express, K clients with one order on its way each, interleaved.

Over sockets also at a fixed rate: how late are answers where nobody waits for them before going on?
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner, tools
from bench.bars import Bar
from bench.order_load import ORDER_TAKERS, PEER, SOCKET, OrderFlow, OrderTaker, measure
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
RATE_CLIENTS = 32  #: sockets among which the orders of a fixed rate are shared out
CPU, TIME = "cpu_us_per_order", "ms_per_order"
BARS = (
    Bar("time per order over 32 sockets / Express's", TIME, 1.0, f"{PEER}/32", ours=f"{SOCKET}/32"),
    Bar("CPU per order over 32 sockets / Express's", CPU, 1.0, f"{PEER}/32", ours=f"{SOCKET}/32"),
    Bar("time per order over 32 sockets / over one", TIME, 1 / 5, f"{SOCKET}/1", ours=f"{SOCKET}/32"),
    Bar("p99 at 200 orders/s, ms", "p99_ms", 10, ours=f"{SOCKET}/200/s"),
    Bar("CPU per order over REST, 32 clients / Express's", CPU, 3.0, f"{PEER}/32", ours=f"{OURS}/32"),
)
LATENCIES = {"p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "p99.9": "p999_ms"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--rates", type=int, nargs="*", default=[200], help="orders a second over sockets")
    runner.add_arguments(parser, [one.key for one in ORDER_TAKERS])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a run of this project failed."""
    console = Console(stderr=True)
    loadgen = tools.loadgen(console.print)
    entries = flows(args.clients, args.rates)

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        taker, flow = entries[turn.key]
        return measure(taker, flow, args.seconds or DEFAULT_SECONDS, loadgen, directory)

    lines = {key: runner.Entry(titled(*entry), entry[0], against=against(*entry)) for key, entry in entries.items()}
    bench = runner.Bench("Orders, closed loop and at a fixed rate", lines, one, brief, COLUMNS, panels, BARS)
    return runner.exit_code(runner.conduct(bench, args, console, clients=args.clients))


def flows(clients: Sequence[int], rates: Sequence[int]) -> dict[str, tuple[OrderTaker, OrderFlow]]:
    """Every run of a repetition, by its key: `express/32`, `ours-socket/200/s`."""
    closed = {f"{one.key}/{count}": (one, OrderFlow(count)) for count in clients for one in ORDER_TAKERS}
    sockets = [one for one in ORDER_TAKERS if one.key == SOCKET]
    return closed | {f"{one.key}/{rate}/s": (one, OrderFlow(RATE_CLIENTS, rate)) for rate in rates for one in sockets}


def titled(taker: OrderTaker, flow: OrderFlow) -> str:
    return f"{flow.per_second}/s, {taker.title}" if flow.per_second else f"{flow.clients} × {taker.title}"


def against(taker: OrderTaker, flow: OrderFlow) -> str:
    """What its ratios refer to: our socket with as many clients."""
    return f"{taker.key}/{flow.per_second}/s" if flow.per_second else f"{SOCKET}/{flow.clients}"


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
