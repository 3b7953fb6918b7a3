"""Is what a connection leaves behind freed by its last reference, without a look at all that lives?"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import httpx
import pytest

from marketdata.raw_frames import EXTENSION
from tests.raw_client import TEXT, RawClient, frame
from tests.served import served
from tests.stack import wait_for
from tradingmw.server import BoundedHttpProtocol, SocketProtocol

CONNECTIONS = 10
WITHIN_SECONDS = 20.0


class Alive:
    """The connections and transports that are somewhere in memory, and how many there were."""

    def __init__(self) -> None:
        self.made = 0
        self.parts: WeakSet[Any] = WeakSet()

    def noting(self, protocol: type) -> type:
        """The same protocol, its connections noted."""

        def connection_made(connection: Any, transport: Any) -> None:
            protocol.connection_made(connection, transport)  # type: ignore[attr-defined]
            self.made += 1
            self.parts.update((connection, transport))

        return type(protocol.__name__, (protocol,), {"connection_made": connection_made})


async def application(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Text comes back, by a frame made here; any page is empty."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        scope["extensions"][EXTENSION].write(bytes((0x81, len(message["text"]))) + message["text"].encode())


@pytest.fixture
def alive() -> Alive:
    return Alive()


@pytest.fixture
def port(alive: Alive) -> Iterator[int]:
    protocols = {"ws": alive.noting(SocketProtocol), "http": alive.noting(BoundedHttpProtocol)}
    with served(application, **protocols) as address:
        yield int(address.partition(":")[2])


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
def test_a_socket_leaves_nothing_behind(port: int, alive: Alive) -> None:
    for number in range(CONNECTIONS):
        with RawClient(port, "/") as client:
            client.send(frame(TEXT, b"hello"))
            assert (echo := client.frame()) and echo.payload == b"hello"
            if number % 2:
                client.send(frame(TEXT, b"unread"))  # so that the connection is reset
    wait_for(lambda: not alive.parts, WITHIN_SECONDS, "the end of all sockets", lambda: str(list(alive.parts)))
    assert alive.made == 2 * CONNECTIONS  # each begins as HTTP


@pytest.mark.usefixtures("no_garbage_collection")
def test_a_request_leaves_nothing_behind(port: int, alive: Alive) -> None:
    for _ in range(CONNECTIONS):
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    wait_for(lambda: not alive.parts, WITHIN_SECONDS, "the end of all requests", lambda: str(list(alive.parts)))
    assert alive.made == CONNECTIONS
