"""Fifty screens at once: what each was shown, whether there is a hole in it, and which of them were closed."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.frames_fit import FittingConnection
from tests.stack import Stack

MARKET, TRADING = "/ws/v1/market", "/ws/v1/trading"
CONNECT_AT_ONCE = 10
SUBSCRIPTIONS: dict[str, list[dict[str, Any]]] = {
    MARKET: [{"channel": "quotes", "symbols": ["AAPL", "IBM"]}],
    TRADING: [{"channel": "orders"}, {"channel": "executions"}, {"channel": "positions"}],
}


@dataclass(eq=False)
class Viewer:
    """One socket. `cursor` is the last private event shown, `seen` the last number of each market topic."""

    connection: ClientConnection
    path: str
    username: str
    cursor: int = 0
    events: int = 0
    updates: int = 0
    holes: int = 0
    close_code: int | None = None
    seen: dict[tuple[str, str, int], int] = field(default_factory=dict)

    async def subscribe(self) -> None:
        for number, params in enumerate(SUBSCRIPTIONS[self.path]):
            await self.connection.send(
                msgspec.json.encode({"id": number, "method": "subscribe", "params": params}), text=True
            )

    async def watch(self) -> None:
        """Until the socket closes."""
        try:
            async for text in self.connection:
                self.take(msgspec.json.decode(text))
        except ConnectionClosed:
            pass
        self.close_code = self.connection.close_code

    def take(self, frame: dict[str, Any]) -> None:
        if "result" in frame:
            self.cursor = max(self.cursor, frame["result"].get("lastEventId", 0))
        elif frame.get("channel") in ("orders", "executions", "positions"):
            self.take_events(frame)
        elif frame.get("channel") == "quotes":
            self.take_quotes(frame)

    def take_events(self, frame: dict[str, Any]) -> None:
        for item in frame["data"] if frame["type"] == "update" else []:
            if "eventId" in item:
                self.holes += item["prevEventId"] != self.cursor
                self.cursor = item["eventId"]
                self.events += 1

    def take_quotes(self, frame: dict[str, Any]) -> None:
        for item in frame["data"]:
            topic = (frame["channel"], item["symbol"], item["epoch"])
            if frame["type"] == "update":
                self.holes += item["prevSeq"] != self.seen.get(topic, item["prevSeq"])
                self.updates += 1
            self.seen[topic] = item["seq"]


class Crowd:
    """`async with Crowd(stack, {("/ws/v1/market", "trader1"): 25, …}) as crowd:` all of them open and subscribed."""

    def __init__(self, stack: Stack, places: dict[tuple[str, str], int]) -> None:
        self.viewers: list[Viewer] = []
        self._stack = stack
        self._places = [place for place, count in places.items() for _ in range(count)]
        self._open = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Crowd:
        gate = asyncio.Semaphore(CONNECT_AT_ONCE)
        async with httpx.AsyncClient(base_url=self._stack.api, timeout=15) as client:
            await asyncio.gather(*(self._enter(gate, client, path, username) for path, username in self._places))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()
        await asyncio.gather(*self._tasks)

    async def _enter(self, gate: asyncio.Semaphore, client: httpx.AsyncClient, path: str, username: str) -> None:
        headers = {"Authorization": f"Bearer {self._stack.token(username)}"}
        async with gate:
            answer = (await client.post("/auth/ws-ticket", headers=headers)).raise_for_status()
            url = f"{self._stack.ws_url(path, None)}?ticket={answer.json()['ticket']}"
            connection = await self._open.enter_async_context(
                connect(url, subprotocols=[Subprotocol("tmw.json.v1")], proxy=None, create_connection=FittingConnection)
            )
        viewer = Viewer(connection, path, username)
        await viewer.subscribe()
        self.viewers.append(viewer)
        self._tasks.append(asyncio.create_task(viewer.watch()))

    @property
    def closed(self) -> Counter[int | None]:
        """Close codes of the sockets that are no longer open."""
        return Counter(viewer.close_code for viewer, task in zip(self.viewers, self._tasks, strict=True) if task.done())

    @property
    def holes(self) -> int:
        """Items that did not follow the one shown before."""
        return sum(viewer.holes for viewer in self.viewers)

    def of(self, path: str) -> list[Viewer]:
        return [viewer for viewer in self.viewers if viewer.path == path]
