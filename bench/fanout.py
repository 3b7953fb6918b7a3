"""How long does an update take from the engine's time stamp to a client, and is any lost or out of order?

Start the product first:    python3 dev.py up --symbols 200 --rate 1000
Then:                       .venv/bin/python bench/fanout.py --sockets 100 --symbols 20 --seconds 10

Every socket checks every item: `prevSeq` must be the `seq` before it. Engine, product and this client share one clock.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from client import logged_in, percentile, report, socket_url
from rich.progress import Progress
from websockets.asyncio.client import connect


class Item(msgspec.Struct, rename="camel"):
    symbol: str
    seq: int
    prev_seq: int
    ts: int
    skipped: int = 0


class Push(msgspec.Struct):
    channel: str = ""
    type: str = ""
    data: list[msgspec.Raw] = []
    id: int | None = None


decode_push, decode_item = msgspec.json.Decoder(Push).decode, msgspec.json.Decoder(Item).decode


@dataclass
class Tally:
    delays_ms: list[float] = field(default_factory=list)
    updates: int = 0
    frames: int = 0
    holes: int = 0
    skipped: int = 0
    counting: bool = False

    def take(self, frame: str | bytes, last: dict[str, int], now_us: int) -> None:
        push = decode_push(frame)
        if push.channel != "quotes":
            return
        for raw in push.data:
            item = decode_item(raw)
            if push.type == "update":
                self.count(item, last, now_us)
            last[item.symbol] = item.seq
        self.frames += self.counting

    def count(self, item: Item, last: dict[str, int], now_us: int) -> None:
        if not self.counting:
            return
        self.updates += 1
        self.skipped += item.skipped
        self.holes += last.get(item.symbol) != item.prev_seq
        self.delays_ms.append((now_us - item.ts) / 1000)


async def listen(url: str, symbols: list[str], tally: Tally, joined: asyncio.Semaphore) -> None:
    last: dict[str, int] = {}
    async with connect(url, max_size=None, compression=None) as socket:
        await socket.send(
            msgspec.json.encode(
                {"id": 1, "method": "subscribe", "params": {"channel": "quotes", "symbols": symbols}}
            ).decode()
        )
        joined.release()
        async for frame in socket:
            tally.take(frame, last, time.time_ns() // 1000)


def prepared(args: argparse.Namespace, client: httpx.Client) -> tuple[list[str], list[str]]:
    """The symbols on offer, and an address with a fresh ticket for each socket."""
    items = client.get("/api/v1/instruments?limit=1000").raise_for_status().json()["items"]
    urls = [socket_url(args.url, "/ws/v1/market", client) for _ in range(args.sockets)]
    return sorted(item["symbol"] for item in items), urls


async def run(args: argparse.Namespace, names: list[str], urls: list[str]) -> dict[str, Any]:
    pick = random.Random(args.seed)
    tally, joined = Tally(), asyncio.Semaphore(0)
    listeners = [asyncio.create_task(listen(url, pick.sample(names, args.symbols), tally, joined)) for url in urls]
    for _ in listeners:
        await joined.acquire()
    await measure(args.seconds, tally)
    dead = sum(task.done() for task in listeners)
    for task in listeners:
        task.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    return {
        "sockets": args.sockets,
        "died": dead,
        "updates/s": round(tally.updates / args.seconds),
        "updates/frame": tally.updates / max(tally.frames, 1),
        "p50 ms": percentile(tally.delays_ms, 0.5),
        "p99 ms": percentile(tally.delays_ms, 0.99),
        "holes": tally.holes,
        "skipped": tally.skipped,
    }


async def measure(seconds: int, tally: Tally) -> None:
    await asyncio.sleep(2)  # snapshots and warm-up are not counted
    tally.counting = True
    with Progress(transient=True) as progress:
        task = progress.add_task("measuring", total=seconds)
        for _ in range(seconds):
            await asyncio.sleep(1)
            progress.advance(task)
    tally.counting = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--sockets", type=int, default=100)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    client = logged_in(args.url, "trader1")
    rows = [asyncio.run(run(args, *prepared(args, client))) for _ in range(args.repetitions)]
    report("Quotes: engine time stamp → client", rows, args.json)


if __name__ == "__main__":
    main()
