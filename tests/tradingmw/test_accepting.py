"""Are all who come at once taken, a rest after each, and nobody after the end?"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator

import pytest

from accounts.sockets.turnstile import ARRIVAL_SECONDS
from tradingmw.accepting import Accepting

CLIENTS = 50
PATIENCE_SECONDS = 20.0


class Greeting(asyncio.Protocol):
    """Says hello; `moments` holds when, of each connection."""

    def __init__(self, moments: list[float]) -> None:
        self._moments = moments

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._moments.append(asyncio.get_running_loop().time())
        transport.write(b"hello")
        transport.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def clients_of(listening: socket.socket, count: int) -> list[socket.socket]:
    return [socket.create_connection(listening.getsockname(), timeout=PATIENCE_SECONDS) for _ in range(count)]


def greeted(client: socket.socket) -> bytes:
    with client:
        return client.recv(9)


def test_all_who_came_at_once_are_taken_and_others_have_their_rest_in_between(listening: socket.socket) -> None:
    moments: list[float] = []
    turns = 0

    async def serve() -> None:
        nonlocal turns
        accepting = Accepting(asyncio.get_running_loop(), listening, lambda: Greeting(moments))
        clients = clients_of(listening, CLIENTS)
        while len(moments) < CLIENTS:
            turns += 1
            await asyncio.sleep(0)
        assert await asyncio.to_thread(lambda: [greeted(client) for client in clients]) == [b"hello"] * CLIENTS
        accepting.close()

    asyncio.run(asyncio.wait_for(serve(), PATIENCE_SECONDS))
    assert moments[-1] - moments[0] >= 0.9 * ARRIVAL_SECONDS * (CLIENTS - 1)
    assert turns > CLIENTS


@pytest.mark.parametrize("turns", [0, 1, 2], ids=["nobody-seen", "somebody-seen", "somebody-in-turn"])
def test_who_is_not_taken_before_the_end_waits_for_the_next(listening: socket.socket, turns: int) -> None:
    ended: list[float] = []
    moments: list[float] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        clients = clients_of(listening, 3)
        first = Accepting(loop, listening, lambda: Greeting(ended))
        for _ in range(turns):
            await asyncio.sleep(0)
        first.close()
        second = Accepting(loop, listening, lambda: Greeting(moments))
        assert await asyncio.to_thread(lambda: [greeted(client) for client in clients]) == [b"hello"] * 3
        second.close()

    asyncio.run(asyncio.wait_for(serve(), PATIENCE_SECONDS))
    assert (len(ended), len(moments)) == (0, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no process's files, and its loop has no selector")
def test_a_process_without_files_says_so_and_goes_on_when_it_has_some(
    listening: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    moments: list[float] = []

    async def serve() -> None:
        accepting = Accepting(asyncio.get_running_loop(), listening, lambda: Greeting(moments))
        (client,) = clients_of(listening, 1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            while not caplog.records:  # noqa: ASYNC110 - log records have no event
                await asyncio.sleep(0.001)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert not moments
        assert await asyncio.to_thread(greeted, client) == b"hello"
        accepting.close()

    with caplog.at_level(logging.WARNING, "tradingmw.accepting"):
        asyncio.run(asyncio.wait_for(serve(), PATIENCE_SECONDS))
    (record,) = caplog.records
    assert "Too many open files" in vars(record)["why"]
