"""The market-data route on real sockets in one process: a scripted engine, the feed bridge, the layer, a hub, a server.

The scripted engine says exactly what a test wants said, mistakes included. Sockets of the lab need no login, so that
the tests here are about market data; `test_consumers.py` goes through the real door.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bridge.sockets.curve import KeyRing, make_keys
from bridge.sockets.exchange import LayerProxy
from bridge.wire.messages import Instrument
from marketdata.feed import FeedBridge
from marketdata.hub import MarketHub, Options, Subscriber, sink_of
from marketdata.items import Channel
from marketdata.raw_frames import FramesProtocol
from tests.frames_fit import FittingConnection
from tests.marketdata.scripted import ScriptedEngine, listing
from tradingmw.env import Env
from tradingmw.layers import ZmqChannelLayer

DEADLINE_SECONDS = 15.0
NARROW_BYTES = 32_768


def free_addresses(*names: str) -> dict[str, str]:
    """A free local address for each name."""
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.socket()) for name in names}
        for one in sockets.values():
            one.bind(("127.0.0.1", 0))
        return {name: f"tcp://127.0.0.1:{one.getsockname()[1]}" for name, one in sockets.items()}


def lab_env(directory: Path) -> Env:
    """Settings of a lab: keys made, every address free."""
    names = ("engine_market_data", "engine_commands", "engine_queries", "engine_work", "order_requests")
    addresses = free_addresses(*names, "feed_state", "layer_publish", "layer_subscribe")
    make_keys(directory / "keys")
    return Env(_env_file=None, data_dir=directory, **addresses)


class RunningFeed:
    """A feed bridge in a thread."""

    def __init__(self, env: Env) -> None:
        self.stored: list[int] = []
        self.bridge = FeedBridge(env, store=lambda *, table, epoch: self.stored.append(epoch))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.bridge.run, args=(self._stop,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


class Door:
    """An ASGI app: each text frame `{channel, symbols, …}` subscribes; `raw=False` hides the frames extension."""

    def __init__(self, market: MarketHub, *, raw: bool = True) -> None:
        self.market, self.raw = market, raw

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        wire = "msgpack" if "tmw.msgpack.v1" in scope["subprotocols"] else "json"
        await receive()
        await send({"type": "websocket.accept", "subprotocol": f"tmw.{wire}.v1"})

        async def write(payload: bytes) -> None:
            text = {"text": payload.decode()} if wire == "json" else {"bytes": payload}
            await send({"type": "websocket.send", **text})

        subscriber = Subscriber(sink_of(scope if self.raw else {}, write), wire)
        self.market.hub.join(subscriber)
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self._take(subscriber, json.loads(message["text"]))
        finally:
            self.market.hub.leave(subscriber)

    def _take(self, subscriber: Subscriber, asked: dict[str, Any]) -> None:
        hub, channel, symbols = self.market.hub, Channel(asked["channel"]), asked["symbols"]
        if asked.get("leave"):
            hub.unsubscribe(subscriber, channel, symbols)
            return
        options = Options(asked.get("depth"), asked.get("maxRate"), asked.get("delta", False))
        hub.subscribe(subscriber, channel, symbols, snapshot=asked.get("snapshot", True), options=options)


class Client:
    """A client that reads pushes and sorts their items."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.pushes: list[dict[str, Any]] = []

    async def follow(self, channel: str, *symbols: str, **more: Any) -> None:
        await self.connection.send(json.dumps({"channel": channel, "symbols": symbols, **more}))

    async def push(self) -> dict[str, Any]:
        """The next push that is no heartbeat."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            push = self.read(await self.connection.recv())
            while push["channel"] == "heartbeat":  # they come for ever
                push = self.read(await self.connection.recv())
        self.pushes.append(push)
        return push

    async def heartbeat(self, state: str) -> dict[str, Any]:
        """The next heartbeat that tells this state."""
        while True:
            push = self.read(await asyncio.wait_for(self.connection.recv(), DEADLINE_SECONDS))
            if push["channel"] == "heartbeat" and push["data"][0]["state"] == state:
                return push["data"][0]

    async def until(self, done: Callable[[list[dict[str, Any]]], Any], channel: str) -> list[dict[str, Any]]:
        """All items of `channel` since the beginning, once `done(items)` is true."""
        while not ((items := self.items(channel)) and done(items)):
            await self.push()
        return items

    def items(self, channel: str) -> list[dict[str, Any]]:
        return [
            {**item, "type": push["type"]}
            for push in self.pushes
            if push["channel"] == channel
            for item in push["data"]
        ]

    @staticmethod
    def read(frame: str | bytes) -> dict[str, Any]:
        decode = msgspec.json.decode if isinstance(frame, str) else msgspec.msgpack.decode
        return dict(decode(frame))


class Lab:
    """Everything but the engine and the feed bridge, which a test starts and stops as it likes."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.proxy = LayerProxy(KeyRing(env.keys), env.layer_publish, env.layer_subscribe)
        self._closing: list[Callable[[], None]] = [self.proxy.stop]
        self._engines: list[ScriptedEngine] = []

    def engine(self, *table: Instrument, epoch: int | None = None) -> ScriptedEngine:
        engine = ScriptedEngine(self.env, list(table) or [listing()], epoch)
        self._engines.append(engine)
        self._closing.append(engine.close)
        return engine

    def feed(self) -> RunningFeed:
        feed = RunningFeed(self.env)
        self._closing.append(feed.close)
        return feed

    def end(self, part: ScriptedEngine | RunningFeed) -> None:
        self._closing.remove(part.close)
        if isinstance(part, ScriptedEngine):
            self._engines.remove(part)
        part.close()

    def layer(self) -> ZmqChannelLayer:
        env = self.env
        return ZmqChannelLayer(keys=env.keys, publish_address=env.layer_publish, subscribe_address=env.layer_subscribe)

    @contextlib.asynccontextmanager
    async def web(self, *, raw: bool = True, ws: type[FramesProtocol] = FramesProtocol) -> AsyncIterator[Web]:
        """A hub and a real server on the running loop."""
        layer = self.layer()
        market = MarketHub(self.env, layer)
        config = uvicorn.Config(
            Door(market, raw=raw),
            port=0,
            ws=ws,
            ws_per_message_deflate=False,
            log_config=None,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW_BYTES)  # so that a slow client shows soon
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            await eventually(lambda: server.started)
            yield Web(market, listener.getsockname()[1], self._engines)
        finally:
            server.should_exit = True
            await serving
            await market.close()
            await layer.close()

    def close(self) -> None:
        for close in reversed(self._closing):
            close()


class Web:
    """A running web side."""

    def __init__(self, market: MarketHub, port: int, engines: list[ScriptedEngine]) -> None:
        self.market, self.port, self._engines = market, port, engines

    @contextlib.asynccontextmanager
    async def slow_client(self) -> AsyncIterator[Client]:
        """A client whose system takes little while nobody reads."""
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", self.port))
        async with self.client(sock=narrow, max_queue=1) as client:
            yield client

    @contextlib.asynccontextmanager
    async def client(self, wire: str = "json", **options: Any) -> AsyncIterator[Client]:
        url = f"ws://127.0.0.1:{self.port}/ws/v1/market"
        options = {"create_connection": FittingConnection, **options, "subprotocols": [Subprotocol(f"tmw.{wire}.v1")]}
        async with connect(url, proxy=None, max_size=None, **options) as connection:
            yield Client(connection)

    async def ready(self) -> None:
        """The hub has a market, and what the engine publishes from now on reaches the feed bridge."""
        assert await self.market.source.ready(DEADLINE_SECONDS), self.market.counts
        await eventually(lambda: all(engine.has_subscriber() for engine in self._engines))


async def eventually(condition: Callable[[], Any]) -> Any:
    """The first true value of `condition`, which is looked at again and again."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)
    return value


def lab_in(directory: Path) -> Iterator[Lab]:
    lab = Lab(lab_env(directory))
    try:
        yield lab
    finally:
        lab.close()
