"""A real server with the trading socket, and clients of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvicorn
from channels.routing import URLRouter
from websockets.asyncio.client import connect

from accounts.models import User
from accounts.services import Client, session_begin, ticket_issue
from notifications.readers import in_reader
from notifications.watch import stream_watch
from orders.routing import websocket_urlpatterns
from tests.frames_fit import FittingConnection
from tests.orders.screen import Screen

MakeScreen = Callable[..., AbstractAsyncContextManager[Screen]]


@pytest.fixture
async def server(settings: Any) -> AsyncIterator[str]:
    """The address of a real uvicorn server with the trading socket, and a channel layer in this process."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        URLRouter(websocket_urlpatterns), ws="websockets-sansio", lifespan="off", log_level="warning"
    )
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving.serve([listening]))
    yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws/v1/trading"
    await stream_watch().stop()
    serving.should_exit = True
    await task


@pytest.fixture
def screen(server: str) -> MakeScreen:
    @asynccontextmanager
    async def opened(user: User, *, binary: bool = False, **options: Any) -> AsyncIterator[Screen]:
        ticket = await in_reader(new_ticket)(user)
        protocol = "tmw.msgpack.v1" if binary else "tmw.json.v1"
        options |= {"subprotocols": [protocol], "create_connection": FittingConnection}
        async with connect(f"{server}?ticket={ticket}", **options) as connection:
            yield Screen(connection, binary)

    return opened


def new_ticket(user: User) -> str:
    session = session_begin(user=user, client=Client("127.0.0.1", "tests")).session
    return ticket_issue(session=session).text
