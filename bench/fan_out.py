"""What does it cost a server to bring each update to every socket that asked for it, and how late is it there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.children import Child
from bench.contenders import Contender, Served
from bench.generator import FAULTS, as_words, kb_per_further_socket
from bench.loads import Load

SUBSCRIBE_SECONDS = 90.0
REPORT_SECONDS = 60.0
LEAST_FEED_SHARE = 0.95  #: a slower feed is not the load that was asked for
DELAYS = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms", "p99_ms_first_half", "p99_ms_second_half")
Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """What is the same for every run: the generator, how it waits (0 = blocks), how popular symbols are."""

    loadgen: Path
    poll_us: int = 500
    zipf: float = 1.0


def measure(contender: Contender, load: Load, seed: int, settings: Settings, directory: Path) -> dict[str, Any]:
    """One run, in its own directory: figures by name; `failed` among them where the feed was too slow."""
    directory.mkdir(parents=True, exist_ok=True)
    with contender.serving(load, seed, directory) as served:
        measured = generate(served, load, seed, settings, directory)
        feed_rate = 0.0 if load.idle else served.fed_per_second()
    found = figures(measured, load, served, feed_rate)
    return found if load.idle else {**found, **slow_feed(feed_rate, load)}


def slow_feed(feed_rate: float, load: Load) -> dict[str, str]:
    if feed_rate >= LEAST_FEED_SHARE * load.rate:
        return {}
    return {"failed": f"the feed made {feed_rate:,.0f} updates/s where the load is {load.rate:,}"}


def generate(served: Served, load: Load, seed: int, settings: Settings, directory: Path) -> dict[str, Any]:
    """Subscribe every socket, start the feed, and let the generator measure."""
    with Child(generator_command(served, load, seed, settings), directory / "loadgen.log") as generator:
        generator.keep_little_in_pipe()
        served.dial(generator.say, load.sockets)
        generator.event("subscribed", SUBSCRIBE_SECONDS)
        if not load.idle:
            served.start_feed()
        return generator.event("measured", load.warm_seconds + load.seconds + REPORT_SECONDS)


def generator_command(served: Served, load: Load, seed: int, settings: Settings) -> list[str | Path]:
    options = {
        "dialect": served.dialect,
        "port": served.port,
        "sockets": load.sockets,
        "symbols": load.symbols,
        "of": load.universe,
        "stalled": load.stalled,
        "idle": int(load.idle),
        "seed": seed,
        "zipf": settings.zipf,
        "warm": load.warm_seconds,
        "seconds": load.seconds,
        "patience": SUBSCRIBE_SECONDS,
        "poll-us": settings.poll_us,
        "pids": ",".join(f"{label}={pid}" for label, pid in {**served.counted, **served.apart}.items()),
    }
    return [settings.loadgen, "fanout", *as_words(options)]


def figures(measured: Measured, load: Load, served: Served, feed_rate: float) -> dict[str, Any]:
    """What the generator counted, per second, per update and per socket."""
    seconds, updates, merged = measured["seconds"], max(measured["updates"], 1), measured["updates_merged"]
    offered = feed_rate / load.rate * load.offered_per_second
    share = measured["updates"] / seconds / offered if offered else 0.0
    return {
        "feed_per_second": feed_rate,
        "delivered_per_second": measured["updates"] / seconds,
        "delivered_share": share,
        "undelivered_share": max(0.0, 1 - share),
        "merged_share": merged / (updates + merged),
        "frames_per_second": measured["frames"] / seconds,
        "updates_per_frame": updates / max(measured["frames"], 1),
        "bytes_per_update": measured["bytes"] / updates,
        "generator_cpu_share": measured["own_cpu_share"],
        **cost(measured, served, seconds, updates),
        **memory(measured, served, load),
        "p99_half_ratio": measured["p99_ms_second_half"] / max(measured["p99_ms_first_half"], 1e-3),
        **{name: measured[name] for name in (*DELAYS, "merged", *FAULTS)},
        "faults": sum(measured[name] for name in FAULTS),
    }


def cost(measured: Measured, served: Served, seconds: float, updates: int) -> dict[str, Any]:
    """Processor time: of what is counted per update, and of each process as a share of a core."""
    cpu = {label: measured["cpu_seconds"].get(label, 0.0) for label in (*served.counted, *served.apart)}
    spent, apart = (sum(cpu[label] for label in labels) for labels in (served.counted, served.apart))
    return {
        "cpu_us_per_update": spent * 1e6 / updates,
        "cpu_share": spent / seconds,
        "apart_cpu_share": apart / seconds,
        "cpu_share_by_process": {label: one / seconds for label, one in cpu.items()},
    }


def memory(measured: Measured, served: Served, load: Load) -> dict[str, Any]:
    """Resident memory of what is counted: at the end, per socket, and its growth in the measured time."""

    def at(moment: str, labels: Mapping[str, int] = served.counted) -> float:
        return float(sum(measured[moment].get(label, 0.0) for label in labels))

    front = [label for label in served.counted if label in served.fronts]
    return {
        "rss_mb": at("rss_mb"),
        "rss_mb_by_process": {label: at("rss_mb", {label: 0}) for label in served.counted},
        "rss_mb_by_process_at_start": {label: at("rss_mb_start", {label: 0}) for label in served.counted},
        "rss_growth_mb": at("rss_mb") - at("rss_mb_start"),
        "rss_growth_second_half_mb": at("rss_mb") - at("rss_mb_middle"),
        "rss_kb_per_socket": (at("rss_mb") - at("rss_mb_before")) * 1024 / load.sockets,
        "web_kb_per_socket": kb_per_further_socket(measured, front),
    }
