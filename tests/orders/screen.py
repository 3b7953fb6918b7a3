"""A client of the trading socket: asks, and keeps what is pushed."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

PATIENCE_SECONDS = 20.0


class Screen:
    """One connection; every wait ends after PATIENCE_SECONDS."""

    def __init__(self, connection: ClientConnection, binary: bool) -> None:
        self._connection = connection
        self._codec: Any = msgspec.msgpack if binary else msgspec.json
        self._last_id = 0
        self.frames: list[Any] = []

    async def receive(self) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            payload = await self._connection.recv()
        assert isinstance(payload, bytes) is (self._codec is msgspec.msgpack)
        self.frames.append(self._codec.decode(payload))
        return self.frames[-1]

    async def ask(self, method: str, **params: Any) -> Any:
        self._last_id += 1
        request = self._codec.encode({"id": self._last_id, "method": method, "params": params})
        await self._connection.send(request, text=self._codec is msgspec.json)
        while (frame := await self.receive()).get("id") != self._last_id:
            pass
        return frame

    async def result(self, method: str, **params: Any) -> Any:
        frame = await self.ask(method, **params)
        assert frame["status"] == "ok", frame
        return frame["result"]

    async def error(self, method: str, **params: Any) -> str:
        code: str = (await self.ask(method, **params))["error"]["code"]
        return code

    async def push(self, channel: str, kind: str = "update") -> list[Any]:
        """The data of the next push of that channel and type that is not yet taken."""
        while True:
            for place, frame in enumerate(self.frames):
                if (frame.get("channel"), frame.get("type")) == (channel, kind):
                    data: list[Any] = self.frames.pop(place)["data"]
                    return data
            await self.receive()

    async def items(self, count: int, *channels: str) -> list[Any]:
        """The next `count` items of updates of those channels, in the order in which they came."""
        found: list[Any] = []
        while len(found) < count:
            found += [
                item
                for frame in self.frames
                if frame.get("channel") in channels and frame["type"] == "update"
                for item in frame["data"]
            ]
            self.frames.clear()
            if len(found) < count:
                await self.receive()
        return found

    async def close_code(self) -> int:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await self.receive()
        assert closed.value.rcvd
        return closed.value.rcvd.code
