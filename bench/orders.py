"""How long does an order take over REST: until it is accepted (durable), and until the engine's answer is back?

Start the product first:    python3 dev.py up
Then:                       .venv/bin/python bench/orders.py --orders 500 --clients 1
"""

from __future__ import annotations

import argparse
import asyncio
import time
import uuid
from typing import Any

import httpx
from client import logged_in, percentile, report
from rich.progress import Progress

PRICE, QUANTITY = "1.00", "1"  # far below the market: it rests, and is cancelled afterwards


async def place(client: httpx.AsyncClient, headers: dict[str, str]) -> float:
    order = {
        "clientOrderId": f"bench-{uuid.uuid4()}",
        "symbol": "AAPL",
        "side": "buy",
        "orderType": "limit",
        "timeInForce": "day",
        "quantity": QUANTITY,
        "price": PRICE,
    }
    started = time.perf_counter()
    answer = await client.post("/api/v1/orders", json=order, headers=headers)
    took = (time.perf_counter() - started) * 1000
    if answer.status_code != 201:
        raise SystemExit(f"{answer.status_code}: {answer.text}")
    await client.delete(f"/api/v1/orders/{answer.json()['id']}")
    return took


async def measure(args: argparse.Namespace, authorization: str, headers: dict[str, str], title: str) -> dict[str, Any]:
    left, took = args.orders, []
    async with httpx.AsyncClient(base_url=args.url, headers={"Authorization": authorization}, timeout=30) as client:
        with Progress(transient=True) as progress:
            task = progress.add_task(title, total=args.orders)

            async def work() -> None:
                nonlocal left
                while left > 0:
                    left -= 1
                    took.append(await place(client, headers))
                    progress.advance(task)

            started = time.perf_counter()
            await asyncio.gather(*(work() for _ in range(args.clients)))
            seconds = time.perf_counter() - started
    return {
        "measured": title,
        "clients": args.clients,
        "orders": len(took),
        "order+cancel/s": len(took) / seconds,
        "p50 ms": percentile(took, 0.5),
        "p99 ms": percentile(took, 0.99),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    authorization = logged_in(args.url, "trader1").headers["Authorization"]
    rows = [
        asyncio.run(measure(args, authorization, {}, "accepted, durable")),
        asyncio.run(measure(args, authorization, {"Prefer": "wait=2"}, "engine's answer back")),
    ]
    report("Orders over REST", rows, args.json)


if __name__ == "__main__":
    main()
