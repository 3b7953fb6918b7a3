"""The flush/cost curve: this project at load A, under several longest waits before a flush."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import runner, tools
from bench.contenders import Contender, ours_with
from bench.fan_out import Settings, measure
from bench.fan_out_command import LATENCIES, brief, chosen_load
from bench.report import Column, Report
from bench.rounds import OURS, Turn
from tradingmw.env import Env

SETTING = "hub_flush_ms"
DEFAULT_MAXIMA = [0, 2, 5, 8, 10, 20]
LOAD = "A"
COLUMNS = (
    Column("feed_per_second", "feed/s"),
    Column("delivered_share", "share", lambda value: f"{value:.0%}"),
    Column("cpu_us_per_update", "CPU µs/update", has_spread=True),
    Column("updates_per_frame", "updates/frame"),
    Column("p50_ms", "p50 ms", has_spread=True),
    Column("p99_ms", "p99 ms", has_spread=True),
    Column("faults", "faults", lambda value: f"{value:,.0f}"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--maxima", type=int, nargs="+", default=DEFAULT_MAXIMA, help="milliseconds")
    runner.add_arguments(parser, [])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where a run failed or lost something."""
    if SETTING not in Env.model_fields:
        raise tools.Missing(f"this version has no setting TMW_{SETTING.upper()}")
    console, load = Console(stderr=True), chosen_load(LOAD, args)
    settings = Settings(tools.loadgen(console.print))
    entrants = {f"{OURS}/{most}": with_most(most) for most in args.maxima}

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        return measure(entrants[turn.key], load, turn.seed, settings, directory)

    entries = {key: runner.Entry(entrant.title, entrant, against=key) for key, entrant in entrants.items()}
    title = f"What a longer wait before a flush saves and costs, load {LOAD}: {load}"
    bench = runner.Bench(title, entries, one, brief, COLUMNS, panels)
    return runner.exit_code(runner.conduct(bench, args, console, maxima_ms=args.maxima))


def with_most(most_ms: int) -> Contender:
    serving = ours_with({f"TMW_{SETTING.upper()}": str(most_ms)})
    return Contender(OURS, f"at most {most_ms} ms", lambda say: None, serving)


def panels(report: Report) -> list[runner.Panel]:
    return [
        report.bars("cpu_us_per_update", "Processor time per delivered update, µs"),
        report.percentiles(LATENCIES, "Delay from the feed's time stamp to the client"),
    ]
