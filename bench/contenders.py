"""Who takes part in the fan-out bench? This project and its peers, each ready to be served with a load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import tools
from bench.children import Child
from bench.generator import as_words
from bench.loads import Load
from bench.product import Product
from bench.rounds import OURS
from bridge.sockets.curve import make_keys
from tradingmw.supervisor.addresses import ENGINE, HOST, Ports, as_environment

LISTEN_SECONDS = 30.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Served:
    """A server that runs and waits for sockets; the feed stands still until `start_feed()`."""

    dialect: str
    port: int
    dial: Callable[[Callable[[str], None], int], None]  #: `dial(say, sockets)` says a request target per socket
    start_feed: Callable[[], None]
    counted: Mapping[str, int]  #: label → process whose processor time and memory are its cost
    apart: Mapping[str, int]  #: shown, not counted: the engine and what does not touch the market
    fed_per_second: Callable[[], float]  #: the feed's real rate so far
    fronts: frozenset[str] = frozenset({"web", "server"})  #: labels of the processes that hold the sockets


Serving = Callable[[Load, int, Path], AbstractContextManager[Served]]


@dataclass(frozen=True)
class Contender:
    """`key` for the command line, `title` for people. `prepare(say)` installs what it needs (`Missing`)."""

    key: str
    title: str
    prepare: Callable[[Say], object]
    serving: Serving


def ours_with(environment: Mapping[str, str]) -> Serving:
    """`manage.py up` beside the bench's engine: engine → feed bridge → channel layer → web."""

    @contextmanager
    def serving(load: Load, seed: int, directory: Path) -> Iterator[Served]:
        market = {"rate": load.rate, "symbols": load.universe, "seed": seed}
        with beside_engine(directory, market, books=load.books, environment=environment) as (product, engine):
            yield served_by(product, engine)

    return serving


@contextmanager
def beside_engine(
    directory: Path, market: Mapping[str, object], *, books: bool = False, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[Product, Child]]:
    """The product and the bench's engine, which speaks its link."""
    with closing(Ports()) as ports:
        addresses = {name: f"tcp://{HOST}:{ports.choose()}" for name in ENGINE}
        settings = as_environment({**addresses, "engine_external": True})
        command = engine_command(directory, addresses, market, ["--books"] if books else [])
        with Child(command, directory / "engine.log") as engine:
            engine.event("bound", LISTEN_SECONDS)
            with Product(directory, environment={**settings, **(environment or {})}) as product:
                yield product, engine


def engine_command(
    directory: Path, addresses: Mapping[str, str], market: Mapping[str, object], flags: Sequence[str]
) -> list[str | Path]:
    keys = directory / "data" / "keys"
    make_keys(keys)
    where = {name.removeprefix("engine_").replace("_", "-"): address for name, address in addresses.items()}
    options = {"keys": keys, **where, **market}
    return [tools.product_python(), "-m", "bench.engine", *as_words(options), *flags]


def served_by(product: Product, engine: Child) -> Served:
    parts = product.pids()
    counted = {"feed": parts.pop("feed"), "web": parts.pop("web"), "layer": product.pid}
    apart = {**parts, "engine": engine.pid}
    start, fed = lambda: engine.say("go"), lambda: fed_per_second(engine)
    return Served("tmw", product.port, product.dial_market, start, counted, apart, fed)


def peer(dialect: str, target: str, command: Sequence[str | Path]) -> Serving:
    """A program that takes the feed's address as its argument and says where it listens."""

    @contextmanager
    def serving(load: Load, seed: int, directory: Path) -> Iterator[Served]:
        market = {"rate": load.rate, "symbols": load.universe, "seed": seed}
        source_command: list[str | Path] = [tools.product_python(), "-m", "bench.source", *as_words(market)]
        with Child(source_command, directory / "source.log") as source:
            address = source.event("bound", LISTEN_SECONDS)["address"]
            with Child([*command, address], directory / "peer.log") as server:
                port = server.event("listening", LISTEN_SECONDS)["port"]
                source.event("joined", LISTEN_SECONDS)
                counted, apart = {"server": server.pid}, {"source": source.pid}
                start, fed = lambda: source.say("go"), lambda: fed_per_second(source)
                yield Served(dialect, port, dial_all(target), start, counted, apart, fed)

    return serving


def fed_per_second(source: Child) -> float:
    source.say("how many?")
    return float(source.event("sent", LISTEN_SECONDS)["per_second"])


def dial_all(target: str) -> Callable[[Callable[[str], None], int], None]:
    def dial(say: Callable[[str], None], sockets: int) -> None:
        for _ in range(sockets):
            say(target)

    return dial


def node_peer(key: str, title: str, program: str, dialect: str = "plain", target: str = "/") -> Contender:
    return Contender(key, title, tools.node, peer(dialect, target, ["node", tools.PEERS / program]))


def python_peer(
    key: str, title: str, program: str, *words: str, dialect: str = "plain", target: str = "/"
) -> Contender:
    command: list[str | Path] = [tools.VENV_PYTHON, tools.PEERS / program, *words]
    return Contender(key, title, tools.peers_python, peer(dialect, target, command))


ENGINE_IO = "/socket.io/?EIO=4&transport=websocket"
FAN_OUT = (
    Contender(OURS, "this project", lambda say: None, ours_with({})),
    node_peer("ws-hub", "ws, our design", "ws_hub.mjs"),
    node_peer("ws", "ws, set per symbol", "ws_sets.mjs"),
    node_peer("socketio", "socket.io rooms", "socketio_rooms.mjs", "engineio", ENGINE_IO),
    python_peer("python-socketio", "python-socketio rooms", "socketio_rooms.py", dialect="engineio", target=ENGINE_IO),
    python_peer("channels-redis", "Channels groups, Redis pub/sub", "channels_groups.py", "redis"),
    python_peer("channels-memory", "Channels groups, in memory", "channels_groups.py", "memory"),
)
