"""What does it cost a server to bring each update to every socket that asked for it, and how late is it there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.children import Child
from bench.contenders import Contender, Served
from bench.loads import Load

SUBSCRIBE_SECONDS = 90.0
REPORT_SECONDS = 60.0
FAULTS = ("holes", "lost", "disordered", "unasked", "closed")


@dataclass(frozen=True)
class Settings:
    """What is the same for every run: the generator, how it waits (0 = blocks), how popular symbols are."""

    loadgen: Path
    poll_us: int = 500
    zipf: float = 1.0


def measure(contender: Contender, load: Load, seed: int, settings: Settings, directory: Path) -> dict[str, Any]:
    """One run, in its own directory: figures by name."""
    directory.mkdir(parents=True, exist_ok=True)
    with contender.serving(load, seed, directory) as served:
        measured = generate(served, load, seed, settings, directory)
        feed_rate = served.fed_per_second() if served.fed_per_second else by_time_stamps(measured, load)
    return figures(measured, load, served, feed_rate)


def generate(served: Served, load: Load, seed: int, settings: Settings, directory: Path) -> dict[str, Any]:
    """Subscribe every socket, start the feed, and let the generator measure."""
    with Child(generator_command(served, load, seed, settings), directory / "loadgen.log") as generator:
        generator.keep_little_in_pipe()
        served.dial(generator.say, load.sockets)
        generator.event("subscribed", SUBSCRIBE_SECONDS)
        served.start_feed()
        return generator.event("measured", load.warm_seconds + load.seconds + REPORT_SECONDS)


def generator_command(served: Served, load: Load, seed: int, settings: Settings) -> list[str | Path]:
    options = {
        "dialect": served.dialect,
        "port": served.port,
        "sockets": load.sockets,
        "symbols": load.symbols,
        "of": load.universe,
        "seed": seed,
        "zipf": settings.zipf,
        "warm": load.warm_seconds,
        "seconds": load.seconds,
        "patience": SUBSCRIBE_SECONDS,
        "poll-us": settings.poll_us,
        "pids": ",".join(f"{label}={pid}" for label, pid in {**served.counted, **served.apart}.items()),
    }
    return [
        settings.loadgen,
        "fanout",
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
    ]


def figures(measured: Mapping[str, Any], load: Load, served: Served, feed_rate: float) -> dict[str, Any]:
    """What the generator counted, per second, per update and per socket."""
    seconds, updates = measured["seconds"], max(measured["updates"], 1)
    offered = feed_rate / load.rate * load.offered_per_second
    cpu = {label: measured["cpu_seconds"].get(label, 0.0) for label in (*served.counted, *served.apart)}
    cost, apart = (sum(cpu[label] for label in labels) for labels in (served.counted, served.apart))
    rss, rss_before = (
        sum(measured[name].get(label, 0.0) for label in served.counted) for name in ("rss_mb", "rss_mb_before")
    )
    return {
        "feed_per_second": feed_rate,
        "delivered_per_second": measured["updates"] / seconds,
        "delivered_share": measured["updates"] / seconds / offered if offered else 0.0,
        "cpu_us_per_update": cost * 1e6 / updates,
        "cpu_share": cost / seconds,
        "apart_cpu_share": apart / seconds,
        "cpu_share_by_process": {label: spent / seconds for label, spent in cpu.items()},
        "updates_per_frame": updates / max(measured["frames"], 1),
        "bytes_per_update": measured["bytes"] / updates,
        "rss_mb": rss,
        "rss_kb_per_socket": (rss - rss_before) * 1024 / load.sockets,
        "generator_cpu_share": measured["own_cpu_share"],
        **{name: measured[name] for name in ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms", "merged", *FAULTS)},
    }


def by_time_stamps(measured: Mapping[str, Any], load: Load) -> float:
    """How fast a feed was by its own clock, from what arrived: a server that lags does not make it look slow."""
    of_seen = measured["published"] / max(measured["feed_seconds"], 1e-3)
    return float(of_seen * load.universe / max(measured["seen_symbols"], 1))
