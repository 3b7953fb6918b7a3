"""What do tests of a lost Redis share? A desk that trades at a steady pace, and questions to a stack in trouble."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.crowd import MARKET, TRADING
from tests.stack import DEMO_PASSWORD, Stack, wait_for

PLACES = {(MARKET, "trader1"): 13, (MARKET, "trader2"): 12, (TRADING, "trader1"): 13, (TRADING, "trader2"): 12}
TRADERS = ("trader1", "trader2")
ORDERS_PER_SECOND = 20
WAIT_SECONDS = 20.0
probe = httpx.Client(timeout=10)  #: one for all questions: making a client costs more than an answer


def parts(stack: Stack) -> dict[str, str]:
    """Each part and "ok" or what is wrong with it, as `/readyz` says; nothing while nobody answers."""
    try:
        return dict(probe.get(f"{stack.url}/readyz").json()["parts"])
    except (KeyError, httpx.HTTPError):  # no address yet, or nobody listens there
        return {}


def trades_without_redis(stack: Stack) -> bool:
    found = parts(stack)
    return found.get("order bridge") == "ok" == found.get("database") and is_degraded(stack)


def is_degraded(stack: Stack) -> bool:
    """Whether `/readyz` answers 503 and names the channel layer."""
    answer = probe.get(f"{stack.url}/readyz")
    return answer.status_code == 503 and "channel layer: Redis does not answer" in answer.json()["detail"]


@dataclass
class Desk:
    """Places orders at a steady pace until told to stop; keeps every answer and how long it took."""

    stack: Stack
    name: str
    answers: Counter[int | str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)  #: ids of orders
    stopping: bool = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for username in TRADERS:
                tasks.create_task(self.trade(username))

    async def trade(self, username: str) -> None:
        headers = {"Authorization": f"Bearer {await asyncio.to_thread(self.stack.token, username)}"}
        async with httpx.AsyncClient(base_url=self.stack.api, headers=headers, timeout=10) as client:
            for number in itertools.count():
                if self.stopping:
                    return
                await asyncio.sleep(len(TRADERS) / ORDERS_PER_SECOND)  # the pace of the load, waits for nothing
                await self.place(client, f"{self.name}-{username}-{number}", number)

    async def place(self, client: httpx.AsyncClient, client_order_id: str, number: int) -> None:
        """Some are filled at once, some expire at once: no limit of open orders is reached."""
        order = {"clientOrderId": client_order_id, "symbol": "AAPL", "quantity": "1", "timeInForce": "ioc"}
        order |= {"side": "buy", "orderType": "limit", "price": "1.00"} if number % 2 else {"orderType": "market"}
        order |= {} if number % 2 else {"side": "buy" if number % 4 else "sell"}
        began = time.monotonic()
        try:
            answer = await client.post("/orders", json=order)
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
        else:
            self.answers[answer.status_code] += 1
            if answer.status_code in (200, 201):
                self.accepted.add(answer.json()["id"])
        self.seconds.append(time.monotonic() - began)

    @property
    def accepted_share(self) -> float:
        return round(len(self.accepted) / max(1, self.answers.total()), 4)

    def p99_ms(self, since: int = 0, until: int | None = None) -> float:
        taken = sorted(self.seconds[since:until])
        return round(taken[int(0.99 * (len(taken) - 1))] * 1000, 1)


async def seconds_until(condition: Callable[[], bool], what: str, most_seconds: float = WAIT_SECONDS) -> float:
    """How long it takes from now; the wait is bounded."""
    began = time.monotonic()
    await asyncio.to_thread(wait_for, condition, most_seconds, what)
    return round(time.monotonic() - began, 2)


def last_event(stack: Stack, username: str) -> int:
    """The number of the user's newest private event."""
    with stack.client(username) as client:
        number, page = 0, {"items": [{"eventId": 0}], "nextPageToken": ""}
        while page["items"]:
            page = client.get("/events", params={"since": number, "limit": 1000}).raise_for_status().json()
            number = page["items"][-1]["eventId"] if page["items"] else number
        return number


#: what of a position the market says
MARKET = frozenset({"currentPrice", "unrealizedPnl", "markQuality", "markedAt"})


def held(client: httpx.Client) -> dict[str, list[Any]]:
    """All that the user can see of what is stored: what the market says of it moves."""
    paths = {"orders": "/orders?limit=1000", "executions": "/executions?limit=1000", "positions": "/positions"}
    paths |= {"sessions": "/auth/sessions", "events": "/events?since=0&limit=1000"}
    found = {name: as_rows(client.get(path).raise_for_status().json()) for name, path in paths.items()}
    kept = [{name: value for name, value in row.items() if name not in MARKET} for row in found["positions"]]
    return {**found, "positions": kept}


def as_rows(answer: Any) -> list[Any]:
    return list(answer["items"] if isinstance(answer, dict) else answer)


def logged_in(stack: Stack, username: str) -> httpx.Client:
    """A session of its own, which may end."""
    credentials = {"username": username, "password": DEMO_PASSWORD}
    token = httpx.post(f"{stack.api}/auth/login", json=credentials).raise_for_status().json()["accessToken"]
    return httpx.Client(base_url=stack.api, headers={"Authorization": f"Bearer {token}"})
