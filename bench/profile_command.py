"""What is left of the cost: the share of the kernel's send in the web process, and how far from that floor we are."""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench import tools
from bench.children import Child
from bench.contenders import Contender, Served, ours_with
from bench.fan_out import Settings, measure
from bench.fan_out_command import chosen_load
from bench.generator import as_words
from bench.loads import LOADS, Load
from bench.machine import machine, versions
from bench.report import write_text
from bench.rounds import OURS
from bench.sampling import Sampler, Shares

FLOOR_SECONDS = 3.0
Figures = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--load", choices=LOADS, default="B")
    parser.add_argument("--seconds", type=float, help="measured time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write what was found to this file")


def run(args: argparse.Namespace) -> int:
    """The exit code: 1 where the run failed or lost something."""
    console, load = Console(stderr=True), chosen_load(args.load, args)
    settings = Settings(tools.loadgen(console.print))
    with tempfile.TemporaryDirectory(prefix="tradingmw-bench-", ignore_cleanup_errors=True) as home:
        plain = measure(watched(None, load), load, args.seed, settings, Path(home) / "plain")
        sampler = Sampler(Path(home))
        measure(watched(sampler, load), load, args.seed, settings, Path(home) / "sampled")
        shares = sampler.shares()
        floor = bare_send(settings, plain, load, Path(home))
    found = distances(plain, floor)
    show(Console(), args.said, load, found, shares)
    if args.json:
        facts = {"command": args.said, "machine": machine(), "versions": versions(), "figures": found, "run": plain}
        write_text(args.json, json.dumps({**facts, "shares": shares and dataclasses.asdict(shares)}, indent=1) + "\n")
    return int("failed" in plain or plain["faults"] > 0)


def watched(sampler: Sampler | None, load: Load) -> Contender:
    """This project; while it is measured, `sampler` looks at its web process. A run without one gives the figures."""
    serving = ours_with({})

    @contextmanager
    def sampled(load: Load, seed: int, directory: Path) -> Iterator[Served]:
        with serving(load, seed, directory) as served:
            yield dataclasses.replace(served, start_feed=lambda: start(served)) if sampler else served

    def start(served: Served) -> None:
        assert sampler
        served.start_feed()
        timer = threading.Timer(load.warm_seconds, sampler.start, (served.counted["web"], load.seconds))
        timer.daemon = True
        timer.start()

    return Contender(OURS, "this project", lambda say: None, sampled)


def bare_send(settings: Settings, run: Figures, load: Load, directory: Path) -> Figures:
    """A loop of send() in C with as many sockets, as large messages and as many flushes."""
    options = {
        "sockets": load.sockets,
        "bytes": max(1, round(run["bytes_per_update"] * run["updates_per_frame"])),
        "flush-us": round(load.sockets * 1e6 / max(run["frames_per_second"], 1)),
        "seconds": FLOOR_SECONDS,
        "poll-us": settings.poll_us,
    }
    with Child([settings.loadgen, "send", *as_words(options)], directory / "send.log") as sender:
        return {**options, **sender.event("measured", FLOOR_SECONDS + 30)}


def distances(run: Figures, floor: Figures) -> dict[str, float]:
    """Microseconds of processor time per socket and flush, and how many times the bare send that is."""
    web = run["cpu_share_by_process"]["web"] * 1e6 / max(run["frames_per_second"], 1)
    every = run["cpu_share"] * 1e6 / max(run["frames_per_second"], 1)
    return {
        "web_us_per_frame": web,
        "all_us_per_frame": every,
        "bare_send_us": floor["us_per_send"],
        "web_over_bare_send": web / floor["us_per_send"],
        "cpu_us_per_update": run["cpu_us_per_update"],
        "updates_per_frame": run["updates_per_frame"],
        "floor_us_per_update": floor["us_per_send"] / run["updates_per_frame"],
        "bytes_per_frame": float(floor["bytes"]),
    }


def show(console: Console, said: str, load: Load, found: Mapping[str, float], shares: Shares | None) -> None:
    head = f"\nWhat is left of the cost, load {load.name}: {load}\n{machine()}\nCommand: {said}\n"
    console.print(head, highlight=False, soft_wrap=True)
    table = Table(box=box.MARKDOWN)
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("web process, µs per socket and flush", f"{found['web_us_per_frame']:.2f}")
    table.add_row("bare send() in C, µs per socket and flush", f"{found['bare_send_us']:.2f}")
    table.add_row("web process / bare send()", f"{found['web_over_bare_send']:.2f}")
    table.add_row("all processes, µs per delivered update", f"{found['cpu_us_per_update']:.2f}")
    table.add_row("bare send(), µs per delivered update", f"{found['floor_us_per_update']:.2f}")
    for what, share in share_rows(shares):
        table.add_row(what, f"{share:.0%}")
    console.print(table)
    if shares is None:
        console.print("No profile: neither perf nor py-spy works here.", style="yellow")


def share_rows(shares: Shares | None) -> Iterator[tuple[str, float]]:
    if shares:
        yield f"{shares.tool}: within send()", shares.send
        if shares.kernel is not None:
            yield f"{shares.tool}: in the kernel", shares.kernel
        for symbol, share in shares.hottest:
            yield f"{shares.tool}: in {symbol} itself", share
