"""A trader who logs in anew, rests orders over a trading socket and leaves in one way or another."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bridge.simulator.journal import RecordKind, read_journal
from bridge.wire.messages import CancelOrder
from tests.frames_fit import FittingConnection
from tests.orders.screen import Screen
from tests.stack import DEMO_PASSWORD, Stack

ORDERS = 5


class Leaver:
    """One login, with its own session. Prices are far below the market: orders rest."""

    def __init__(self, stack: Stack, username: str) -> None:
        self._stack = stack
        self.rest = httpx.Client(base_url=stack.api, timeout=15)
        answer = self.rest.post("/auth/login", json={"username": username, "password": DEMO_PASSWORD})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        self._refresh_token = tokens["refreshToken"]
        self.rest.headers["Authorization"] = f"Bearer {tokens['accessToken']}"
        self.orders: list[uuid.UUID] = []
        self.left_at_us = 0
        self._connection: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection:
            with suppress(OSError):
                await self._connection.close()
        self.rest.close()

    async def connect(self) -> Screen:
        """A new trading socket of the session."""
        ticket = self.rest.post("/auth/ws-ticket").json()["ticket"]
        url = f"{self._stack.url.replace('http', 'ws', 1)}/ws/v1/trading?ticket={ticket}"
        protocols = [Subprotocol("tmw.json.v1")]
        self._connection = await connect(url, subprotocols=protocols, proxy=None, create_connection=FittingConnection)
        return Screen(self._connection, binary=False)

    async def trade(self, guard: dict[str, Any] | None) -> Screen:
        """Connected, guarded if so wanted, and with resting orders."""
        screen = await self.connect()
        if guard is not None:
            answer = await screen.result("cancelOnDisconnect", **guard)
            assert answer["enabled"] is True
        for _ in range(ORDERS):
            placed = await screen.result("order.place", **order())
            self.orders.append(uuid.UUID(placed["id"]))
        return screen

    def vanish(self) -> None:
        """The line is cut: no close frame is sent."""
        assert self._connection
        self._connection.transport.abort()
        self.left_at_us = time.time_ns() // 1_000

    def log_out(self) -> None:
        answer = self.rest.post("/auth/logout", json={"refreshToken": self._refresh_token})
        assert answer.status_code == 204, answer.text
        self.left_at_us = time.time_ns() // 1_000

    def session(self) -> str:
        (mine,) = [each for each in self.rest.get("/auth/sessions").json()["items"] if each["current"]]
        return str(mine["id"])


def order() -> dict[str, Any]:
    plain = {"symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "10", "price": "1.00"}
    return {"clientOrderId": uuid.uuid4().hex, **plain}


def cancels(stack: Stack) -> dict[uuid.UUID, int]:
    """When the engine received the first cancel of each order (microseconds since 1970)."""
    found: dict[uuid.UUID, int] = {}
    for record in read_journal(stack.journal()):
        if record.kind is RecordKind.COMMAND and isinstance(message := record.message(), CancelOrder):
            found.setdefault(message.order_id, record.at_us)
    return found


def seconds_until_all(stack: Stack, leaver: Leaver, since_us: int = 0) -> float | None:
    """From when it left to the last of its orders' cancels; None while one is missing."""
    found = cancels(stack)
    if not found.keys() >= set(leaver.orders):
        return None
    return (max(found[order_id] for order_id in leaver.orders) - (since_us or leaver.left_at_us)) / 1_000_000
