"""Is nothing sent to those who are gone while they wait until leave is taken of them, one after the other?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from marketdata.raw_frames import EXTENSION
from tests.raw_client import RawClient
from tests.served import served
from tests.stack import wait_for
from tradingmw.server import BoundedHttpProtocol, SocketProtocol

SOCKETS = 50
WITHIN_SECONDS = 20.0
HELLO = b"\x81\x05hello"


class Talking:
    """Writes a frame to each client in every turn of the loop, until it is told that the client has left."""

    def __init__(self) -> None:
        self.open = self.left = 0

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        self.open += 1
        told = asyncio.ensure_future(receive())
        while not told.done():
            scope["extensions"][EXTENSION].write(HELLO)
            await asyncio.sleep(0)
        self.left += told.result()["type"] == "websocket.disconnect"


def test_of_many_who_are_gone_at_once_none_is_written_to(caplog: pytest.LogCaptureFixture) -> None:
    talking = Talking()
    with served(talking, ws=SocketProtocol, http=BoundedHttpProtocol) as address:
        clients = [RawClient(int(address.partition(":")[2]), "/") for _ in range(SOCKETS)]
        wait_for(lambda: talking.open == SOCKETS, WITHIN_SECONDS, "all sockets")
        for client in clients:
            client.socket.close()  # with much unread: the connection is reset
        wait_for(lambda: talking.left == SOCKETS, WITHIN_SECONDS, "the end of all sockets")
    assert "socket.send() raised exception" not in caplog.text
