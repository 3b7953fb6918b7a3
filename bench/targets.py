"""Did a running system reach the targets of the design? A line each, with what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from bench import chart
from bench.generator import FAULTS, kb_per_further_socket
from bench.machine import machine
from bench.trial import Plan

FAULT_NAMES = {
    "holes": "holes in a stream",
    "lost": "updates missing in them",
    "disordered": "repeated or disordered updates",
    "unasked": "updates that were not asked for",
    "mismatched": "books with a wrong checksum",
}
WORDS = {True: "[green]pass[/]", False: "[red]FAIL[/]", None: ""}
OWN_LIMIT = 0.9  #: of a core: above it the generator measures itself
Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Targets:
    """Of the design: delay engine → client, updates a second that one core of the web process delivers, memory."""

    p99_ms: float = 10.0
    per_core_second: float = 10_000.0
    kb_per_socket: float = 64.0


class Line(NamedTuple):
    """`passed` is None where nothing is demanded or nothing could be measured."""

    what: str
    found: str
    target: str = ""
    passed: bool | None = None


def lines(measured: Measured, plan: Plan, targets: Targets) -> list[Line]:
    """What was found beside what is demanded."""
    seconds, updates = measured["seconds"], measured["updates"]
    held = plan.sockets - measured["closed"]
    merged = measured["updates_merged"] / max(updates + measured["updates_merged"], 1)
    faults = {name: measured[name] for name in FAULTS if name != "closed"}
    p99, limit = measured["p99_ms"], targets.p99_ms
    others = " / ".join(f"{measured[name]:.1f} ms" for name in ("p50_ms", "p90_ms", "p999_ms"))
    return [
        Line("sockets held to the end", f"{held:,}", f"{plan.sockets:,}", held == plan.sockets),
        *(Line(FAULT_NAMES[name], f"{count:,}", "0", count == 0) for name, count in faults.items()),
        Line("delay from the update's time stamp, p99", f"{p99:.1f} ms", f"≤ {limit:g} ms", p99 <= limit),
        Line("… p50 / p90 / p99.9", others),
        Line("updates delivered a second", f"{updates / seconds:,.0f}"),
        Line("… of them merged into others (slow sockets)", f"{merged:.1%}"),
        Line("updates in a frame, bytes of an update", per_frame(measured)),
        Line("book checksums checked", f"{measured['checksums']:,}"),
        *of_processes(measured, targets),
    ]


def per_frame(measured: Measured) -> str:
    updates = max(measured["updates"], 1)
    return f"{updates / max(measured['frames'], 1):.1f}, {measured['bytes'] / updates:.0f}"


def of_processes(measured: Measured, targets: Targets) -> list[Line]:
    """What the system's own processes show, where they are on this machine."""
    if "web" not in measured["rss_mb"]:
        return [Line("processor time and memory", "not measured: the system is on another machine")]
    spent = max(measured["cpu_seconds"]["web"], 1e-3)
    rate = measured["updates"] / spent
    memory = kb_per_further_socket(measured, ["web"])
    enough, small = rate >= targets.per_core_second, memory <= targets.kb_per_socket
    return [
        Line("updates per core second of the web process", f"{rate:,.0f}", f"≥ {targets.per_core_second:,.0f}", enough),
        Line("memory per connection, web process", f"{memory:.0f} KB", f"≤ {targets.kb_per_socket:g} KB", small),
        *(of_process(part, measured) for part in measured["cpu_seconds"]),
    ]


def of_process(part: str, measured: Measured) -> Line:
    cpu = measured["cpu_seconds"][part] / measured["seconds"]
    return Line(f"{part}: share of a core, memory", f"{cpu:.0%}, {measured['rss_mb'][part]:.0f} MB")


def reached(found: Sequence[Line]) -> bool:
    return all(line.passed is not False for line in found)


def show(console: Console, title: str, found: Sequence[Line], measured: Measured) -> None:
    """The table, the machine, and what may have spoilt the figures."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for heading in ("found", "target", ""):
        table.add_column(heading, justify="right")
    for line in found:
        table.add_row(line.what, line.found, line.target, WORDS[line.passed])
    console.print(table)
    console.print(f"This machine: {machine()}", highlight=False, soft_wrap=True)
    own = measured["own_cpu_share"]
    warning = ": near its own limit, trust no delay" if own > OWN_LIMIT else ""
    console.print(f"The load generator used {own:.0%} of a core{warning}.", highlight=False)


def panel(measured: Measured, targets: Targets) -> tuple[list[str], int]:
    """For the chart: the delays, and the target below them."""
    names = {"p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "p99.9": "p999_ms"}
    rows = [
        chart.Points("measured", [(name, measured[figure]) for name, figure in names.items()], True),
        chart.Points("target of the p99", [("p99", targets.p99_ms)], False),
    ]
    return chart.points("Delay from the update's time stamp to the client", "ms", rows), len(rows) + 1
