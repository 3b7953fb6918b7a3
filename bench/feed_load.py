"""What does a feed bridge make of more than it can take? Updates a second, and processor time for each."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import tools
from bench.children import Child, ChildFailed
from bench.feed_count import FeedCount
from bridge.sockets.curve import make_keys

START_SECONDS = 30.0
WARM_SECONDS = 1.5
SHORTEST_NAP_SECONDS = 0.01
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
Say = Callable[[str], None]
Addresses = dict[str, str]


@dataclass(frozen=True)
class Feed:
    """A program that turns the engine's market into frames, and the market it gets: `rows` in each message."""

    key: str
    title: str
    market: str
    rows: int
    prepare: Callable[[Say], object]
    command: Callable[[Path, Addresses], Sequence[str | Path]]


def ours(_keys: Path, _addresses: Addresses) -> Sequence[str | Path]:
    return [tools.product_python(), "-m", "bench.feed_process"]


def in_node(keys: Path, addresses: Addresses) -> Sequence[str | Path]:
    market_data, layer = addresses["engine_market_data"], addresses["layer_publish"]
    return ["node", tools.PEERS / "feed_bridge.mjs", market_data, layer, keys]


def nothing(_say: Say) -> None:
    """All is there."""


BATCH = 64
FEEDS = (
    Feed("ours-batches", f"this project, batches of {BATCH} quotes", "quotes", BATCH, nothing, ours),
    Feed("node-batches", f"Node, batches of {BATCH} quotes", "quotes", BATCH, tools.node, in_node),
    Feed("ours-single", "this project, a message per quote", "quotes", 1, nothing, ours),
    Feed("node-single", "Node, a message per quote", "quotes", 1, tools.node, in_node),
    Feed("ours-books", f"this project, batches of {BATCH}: books, quotes, trades", "books", BATCH, nothing, ours),
)


def measure(feed: Feed, seed: int, seconds: float, directory: Path) -> dict[str, Any]:
    """One run, in its own directory: figures by name. `ChildFailed` where nothing comes out."""
    keys = directory / "keys"
    make_keys(keys)
    addresses = free_addresses("engine_market_data", "engine_queries", "feed_state", "layer_publish")
    count = FeedCount(keys, addresses["layer_publish"])
    try:
        with (
            Child(source_command(feed, seed, keys, addresses), directory / "source.log") as source,
            Child(
                feed.command(keys, addresses), directory / "feed.log", environment=environment(directory, addresses)
            ) as bridge,
        ):
            source.event("listening", START_SECONDS)
            bridge.event("started", START_SECONDS)
            return loaded(count, source, bridge.pid, seconds)
    finally:
        count.close()


def free_addresses(*names: str) -> Addresses:
    """A free local address for each name."""
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.socket()) for name in names}
        for one in sockets.values():
            one.bind(("127.0.0.1", 0))
        return {name: f"tcp://127.0.0.1:{one.getsockname()[1]}" for name, one in sockets.items()}


def source_command(feed: Feed, seed: int, keys: Path, addresses: Addresses) -> list[str | Path]:
    options = {
        "keys": keys,
        "market-data": addresses["engine_market_data"],
        "queries": addresses["engine_queries"],
        "rows": feed.rows,
        "market": feed.market,
        "seed": seed,
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return [tools.product_python(), "-m", "bench.feed_source", *words]


def environment(directory: Path, addresses: Addresses) -> dict[str, str]:
    return {"TMW_DATA_DIR": str(directory)} | {f"TMW_{name.upper()}": at for name, at in addresses.items()}


def loaded(count: FeedCount, source: Child, pid: int, seconds: float) -> dict[str, Any]:
    """Let it run warm, then see what it does in `seconds`."""
    started = time.monotonic()
    source.say("go")
    while not count.updates:
        if time.monotonic() - started > START_SECONDS:
            raise ChildFailed(f"nothing came out of the feed bridge within {START_SECONDS:.0f} s")
        time.sleep(SHORTEST_NAP_SECONDS)
    time.sleep(WARM_SECONDS)
    faults = count.faults.total()  # a bridge that joined late has begun anew: that was before
    before, at, cpu = (count.updates, count.payload_bytes), time.monotonic(), cpu_seconds(pid)
    time.sleep(seconds)
    updates, size = count.updates - before[0], count.payload_bytes - before[1]
    took, cpu = time.monotonic() - at, cpu_seconds(pid) - cpu
    if not updates:
        raise ChildFailed("the feed bridge fell silent")
    return {
        "per_second": updates / took,
        "cpu_us_per_update": 1e6 * cpu / updates,
        "per_core_second": updates / cpu,
        "cpu_share": cpu / took,
        "bytes_per_update": size / updates,
        "faults": count.faults.total() - faults,
        "generator_cpu_share": 0.0,
    }


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
