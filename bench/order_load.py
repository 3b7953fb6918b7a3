"""How many orders a second does a server take, over REST or sockets, and how long does each wait for its answer?"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import tools
from bench.children import Child
from bench.contenders import beside_engine
from bench.generator import as_words
from bench.product import Product
from bench.rounds import OURS

LISTEN_SECONDS = 30.0
REPORT_SECONDS = 60.0
#: Buys that rest: here as at the peers an order's life is its acceptance and the engine's first word.
ORDER = {
    "clientOrderId": "{id}",
    "symbol": "SYM001",
    "side": "buy",
    "orderType": "limit",
    "timeInForce": "day",
    "quantity": "1",
    "price": "1.00",
}
#: The market, which is not what is measured here, stands still.
MARKET = {"rate": 1, "symbols": 5}
SOCKET, PEER = "ours-socket", "express-sqlite"
Say = Callable[[str], None]


@dataclass(frozen=True)
class OrderDesk:
    """A server that takes orders. `counted` and `apart`: label → process, as in the fan-out bench.

    Over REST on `path`; over sockets where `dial(say, sockets)` says the request target of each.
    """

    port: int
    counted: Mapping[str, int]
    apart: Mapping[str, int]
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    dial: Callable[[Say, int], None] | None = None


@dataclass(frozen=True)
class OrderFlow:
    """So many clients, one order on its way each; with `per_second`, so many are due whatever has been answered."""

    clients: int
    per_second: int = 0


@dataclass(frozen=True)
class OrderTaker:
    """One contender: `prepare(say)` installs what it needs (`Missing`), `serving(directory)` runs it."""

    key: str
    title: str
    prepare: Callable[[Say], object]
    serving: Callable[[Path], AbstractContextManager[OrderDesk]]


def over_rest(headers: Mapping[str, str]) -> Callable[[Path], AbstractContextManager[OrderDesk]]:
    """`manage.py up`; web, order bridge and channel layer are the cost, the engine stands apart."""

    @contextmanager
    def serving(directory: Path) -> Iterator[OrderDesk]:
        with beside_engine(directory, MARKET) as (product, engine), closing(product.logged_in()) as client:
            every = {**headers, "Authorization": client.headers["Authorization"]}
            yield OrderDesk(product.port, *shares(product, engine), path="/api/v1/orders", headers=every)

    return serving


@contextmanager
def over_sockets(directory: Path) -> Iterator[OrderDesk]:
    """The same with an authenticated WebSocket for each client."""
    with beside_engine(directory, MARKET) as (product, engine):
        yield OrderDesk(product.port, *shares(product, engine), dial=product.dial_trading)


def shares(product: Product, engine: Child) -> tuple[dict[str, int], dict[str, int]]:
    """Which processes are counted, and which stand apart."""
    apart = {**product.pids(), "engine": engine.pid}
    counted = {"web": apart.pop("web"), "orders": apart.pop("orders"), "layer": product.pid}
    return counted, apart


def express(*, durable: bool) -> Callable[[Path], AbstractContextManager[OrderDesk]]:
    @contextmanager
    def serving(directory: Path) -> Iterator[OrderDesk]:
        database = [directory / "orders.sqlite3"] if durable else []
        answering: list[str | Path] = [tools.product_python(), "-m", "bench.order_engine"]
        with Child(answering, directory / "engine.log") as engine:
            address = engine.event("bound", LISTEN_SECONDS)["address"]
            command: list[str | Path] = ["node", tools.PEERS / "express_orders.mjs", address, *database]
            with Child(command, directory / "peer.log") as server:
                port = server.event("listening", LISTEN_SECONDS)["port"]
                yield OrderDesk(port, {"server": server.pid}, {"engine": engine.pid}, path="/orders")

    return serving


ORDER_TAKERS = (
    OrderTaker(OURS, "this project, REST", lambda say: None, over_rest({})),
    OrderTaker("ours-wait", "this project, REST, engine's answer", lambda say: None, over_rest({"Prefer": "wait=2"})),
    OrderTaker(SOCKET, "this project, socket", lambda say: None, over_sockets),
    OrderTaker(PEER, "Express, SQLite, engine's answer", tools.node_sqlite, express(durable=True)),
    OrderTaker("express", "Express, engine's answer", tools.node, express(durable=False)),
)


def measure(taker: OrderTaker, flow: OrderFlow, seconds: float, loadgen: Path, directory: Path) -> dict[str, Any]:
    """One run, in its own directory: figures by name."""
    directory.mkdir(parents=True, exist_ok=True)
    with taker.serving(directory) as desk:
        command: list[str | Path] = [loadgen, "orders", *generator_options(desk, flow, seconds)]
        with Child(command, directory / "loadgen.log") as generator:
            if desk.dial:
                desk.dial(generator.say, flow.clients)
            measured = generator.event("measured", seconds + REPORT_SECONDS)
    return figures(measured, desk)


def generator_options(desk: OrderDesk, flow: OrderFlow, seconds: float) -> list[str]:
    processes = {**desk.counted, **desk.apart}
    options = {
        "port": desk.port,
        "entry": "socket" if desk.dial else "rest",
        "path": desk.path,
        "clients": flow.clients,
        "rate": flow.per_second,
        "headers": "".join(f"{name}: {value}\r\n" for name, value in desk.headers.items()),
        "body": json.dumps(ORDER),
        "run": f"bench-{uuid.uuid4().hex[:8]}",
        "seconds": seconds,
        "pids": ",".join(f"{label}={pid}" for label, pid in processes.items()),
    }
    return as_words(options)


def figures(measured: Mapping[str, Any], desk: OrderDesk) -> dict[str, Any]:
    """What the generator counted, per second and per order."""
    seconds, orders = measured["seconds"], max(measured["orders"], 1)
    cpu = {label: measured["cpu_seconds"].get(label, 0.0) for label in (*desk.counted, *desk.apart)}
    cost, apart = (sum(cpu[label] for label in labels) for labels in (desk.counted, desk.apart))
    return {
        "orders_per_second": measured["orders"] / seconds,
        "ms_per_order": seconds * 1e3 / orders,
        "cpu_us_per_order": cost * 1e6 / orders,
        "cpu_share": cost / seconds,
        "apart_cpu_share": apart / seconds,
        "cpu_share_by_process": {label: spent / seconds for label, spent in cpu.items()},
        "rss_mb": sum(measured["rss_mb"].get(label, 0.0) for label in desk.counted),
        "generator_cpu_share": measured["own_cpu_share"],
        **{name: measured[name] for name in ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")},
    }
