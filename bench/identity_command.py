"""Processor time that login, refresh and the checks of every request add to an API call, check by check."""

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

DEFAULT_CALLS = 30
SECONDS = 600
LOOK_EVERY_SECONDS, REFRESH_EVERY_SECONDS, LOGIN_EVERY_SECONDS = 2, 600, 8 * 3_600
#: lines of the table; what `screen` and `slow` are made of says `with_sums`
TITLES = {
    "vouched": "GET /auth/me, nobody is asked who he is",
    "checked": "GET /auth/me with an access token",
    "signed": "GET /auth/me signed by a program's key",
    "added": "what an access token adds",
    "token": "- token, session and address, from memory",
    "rights": "- roles and attributes, and one function asked for",
    "factor": "- whether a second factor is owed",
    "order": "the attributes asked about an order",
    "signature": "a signature checked, its nonce written and kept",
    "look": "a session, its user and his addresses read anew, in a thread beside (each 2 s)",
    "refresh": "a refresh (each 10 min)",
    "login": "a login without Argon2 (each 8 h)",
    "screen": "all of it, for each of 10 calls a second",
    "slow": "all of it, for each of 1 call a second",
}
SUMS = frozenset({"screen", "slow"})
FIGURE = "cpu_us"
COLUMNS = (Column(FIGURE, "CPU µs", lambda value: f"{value:,.1f}", has_spread=True),)
LIMIT_US = 1_000
BARS = (
    Bar("what an access token adds to a call, µs", FIGURE, LIMIT_US, ours=f"{OURS}/added"),
    Bar("login, refresh and checks, per call at 10 calls a second, µs", FIGURE, LIMIT_US, ours=f"{OURS}/screen"),
    Bar("the same at 1 call a second, µs", FIGURE, LIMIT_US, ours=f"{OURS}/slow"),
)
Found = Mapping[str, float]


class Identity(NamedTuple):
    """This project, the only one that takes part."""

    key: str = OURS
    title: str = "identity"
    prepare: Callable[[Callable[[str], None]], object] = lambda say: None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calls", type=int, default=DEFAULT_CALLS, help="of each kind in a round; dear ones fewer")
    runner.add_arguments(parser, [])


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where the checks cost too much."""
    known: dict[int, Found] = {}

    def one(turn: Turn, directory: Path) -> Mapping[str, Any]:
        if turn.repetition not in known:
            known[turn.repetition] = with_sums(measure(args.calls, directory))
        return {FIGURE: known[turn.repetition][turn.key.rpartition("/")[2]]}

    entries = {f"{OURS}/{name}": runner.Entry(title, Identity()) for name, title in TITLES.items()}
    bench = runner.Bench("What identity adds to an API call", entries, one, brief, COLUMNS, panels, BARS)
    return runner.exit_code(runner.conduct(bench, args, Console(stderr=True), calls=args.calls))


def measure(calls: int, directory: Path) -> dict[str, float]:
    """In a process of its own, by the names that it gives: all kinds of work take turns in it."""
    command = [str(tools.product_python()), "-m", "bench.identity_process", str(calls)]
    environment = {**plain_environment(), "TMW_DATA_DIR": str(directory)}
    with (directory / "identity.log").open("w") as log:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, timeout=SECONDS
        )
    if done.returncode:
        raise ChildFailed(f"bench.identity_process ended with {done.returncode}")
    return dict(json.loads(done.stdout))


def with_sums(found: Found) -> Found:
    """`screen`, `slow`: what the checks add to a call, with its share of looks, refreshes and the login."""
    added = found["added"]
    now_and_then_us = (
        found["look"] / LOOK_EVERY_SECONDS
        + found["refresh"] / REFRESH_EVERY_SECONDS
        + found["login"] / LOGIN_EVERY_SECONDS
    )  # a second
    return {**found, "screen": added + now_and_then_us / 10, "slow": added + now_and_then_us}


def brief(row: Mapping[str, Any]) -> str:
    return f"{row[FIGURE]:,.1f} µs"


def panels(report: Report) -> list[runner.Panel]:
    return [report.bars(FIGURE, "Processor time, µs")]
