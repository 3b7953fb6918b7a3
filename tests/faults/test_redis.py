"""What do traders notice when Redis is killed, frozen or emptied under load? (scoreboard, checks 16 and 17)

Fifty sockets are open and orders keep coming. The figures are printed and recorded as properties of each test.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.faults.crowd import MARKET, TRADING, Crowd
from tests.redis_server import RedisServer
from tests.stack import READY_SECONDS, Stack, wait_for

PLACES = {(MARKET, "trader1"): 13, (MARKET, "trader2"): 12, (TRADING, "trader1"): 13, (TRADING, "trader2"): 12}
TRADERS = ("trader1", "trader2")
CALM_SECONDS, SHORT_SECONDS, LONG_SECONDS = 1.5, 5.0, 30.0
ORDERS_PER_SECOND = 20
WAIT_SECONDS = 20.0
COMPLETE_SECONDS, DEGRADED_SECONDS, ACCEPTED_SHARE = 2.0, 5.0, 0.99  # the scoreboard's limits
Record = Callable[[str, object], None]
probe = httpx.Client(timeout=10)  #: one for all questions: making a client costs more than an answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.end()


@pytest.fixture(scope="module")
def stack_without_redis(make_stack: Callable[..., Stack], server: RedisServer) -> Stack:
    """A whole system whose channel layer, cache and broker are to be in a Redis that is not there yet."""
    stack = make_stack(started=False, seed=1, environment={"TMW_REDIS_URL": server.url})
    stack.launch()
    wait_for(lambda: trades_without_redis(stack), READY_SECONDS, "orders without a channel layer", stack.tail)
    return stack


@pytest.fixture(scope="module")
def redis_stack(stack_without_redis: Stack, server: RedisServer) -> Stack:
    """The same with its Redis."""
    if not server.answers():
        server.start()
    stack = stack_without_redis
    wait_for(lambda: parts(stack).get("channel layer") == "ok", READY_SECONDS, "the channel layer", stack.tail)
    return stack


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
            status: int | str = (await client.post("/orders", json=order)).status_code
        except httpx.HTTPError as error:
            status = type(error).__name__
        self.seconds.append(time.monotonic() - began)
        self.answers[status] += 1

    def p99_ms(self, since: int = 0, until: int | None = None) -> float:
        taken = sorted(self.seconds[since:until])
        return round(taken[int(0.99 * (len(taken) - 1))] * 1000, 1)


async def seconds_until(condition: Callable[[], bool], what: str) -> float:
    """How long it takes from now; the wait is bounded."""
    began = time.monotonic()
    await asyncio.to_thread(wait_for, condition, WAIT_SECONDS, what)
    return round(time.monotonic() - began, 2)


def last_event(stack: Stack, username: str) -> int:
    """The number of the user's newest private event."""
    with stack.client(username) as client:
        number, page = 0, {"items": [{"eventId": 0}], "nextPageToken": ""}
        while page["items"]:
            page = client.get("/events", params={"since": number, "limit": 1000}).raise_for_status().json()
            number = page["items"][-1]["eventId"] if page["items"] else number
        return number


async def through_an_outage(
    stack: Stack, name: str, hurt: Callable[[], Any], heal: Callable[[], Any], seconds: float
) -> dict[str, Any]:
    """The figures of one outage, from calm through the fault to whole again."""
    desk = Desk(stack, name)
    async with Crowd(stack, PLACES) as crowd:
        trading = asyncio.create_task(desk.run())
        await asyncio.sleep(CALM_SECONDS)  # how fast orders are answered when all is well
        calm = len(desk.seconds)
        hurt()
        hurt_at = time.monotonic()
        degraded = await seconds_until(lambda: is_degraded(stack), "/readyz names the channel layer")
        await asyncio.sleep(max(0.0, hurt_at + seconds - time.monotonic()))  # the length of the outage
        during = len(desk.seconds)
        goals = {username: await asyncio.to_thread(last_event, stack, username) for username in TRADERS}
        updates = {viewer: viewer.updates for viewer in crowd.of(MARKET)}
        await asyncio.to_thread(heal)
        screens = crowd.of(TRADING)
        complete = await seconds_until(
            lambda: all(viewer.cursor >= goals[viewer.username] for viewer in screens), "every private event"
        )
        market = await seconds_until(lambda: all(v.updates > n for v, n in updates.items()), "prices on every screen")
        whole = await seconds_until(lambda: not is_degraded(stack), "the channel layer")
        desk.stopping = True
        await trading
        accepted = sum(count for status, count in desk.answers.items() if status in (200, 201))
        return {
            "sockets": len(crowd.viewers),
            "sockets_closed": sum(crowd.closed.values()),
            "undetected_holes": crowd.holes,
            "orders": len(desk.seconds),
            "accepted_share": round(accepted / len(desk.seconds), 4),
            "answers": dict(desk.answers),
            "p99_ms_before": desk.p99_ms(0, calm),
            "p99_ms_during": desk.p99_ms(calm, during),
            "private_events_shown": sum(viewer.events for viewer in screens),
            "degraded_after_seconds": degraded,
            "private_events_complete_after_seconds": complete,
            "prices_after_seconds": round(complete + market, 2),
            "layer_ready_after_seconds": round(complete + market + whole, 2),
        }


def publish(figures: dict[str, Any], record_property: Record) -> None:
    for name, value in figures.items():
        record_property(name, value)
    print("\n" + "\n".join(f"  {name}: {value}" for name, value in figures.items()))  # noqa: T201


def test_redis_gone_at_the_start_is_named_and_orders_go_on(stack_without_redis: Stack, server: RedisServer) -> None:
    assert not server.answers()
    assert "\nready" not in stack_without_redis.output
    with stack_without_redis.client("trader1") as client, stack_without_redis.ws_sync(TRADING, "trader1") as socket:
        socket.send('{"id":1,"method":"subscribe","params":{"channel":"orders"}}')
        order = {"clientOrderId": "no-redis", "symbol": "AAPL", "side": "buy", "quantity": "1", "orderType": "market"}
        answer = client.post("/orders", json=order | {"timeInForce": "day"}, headers={"Prefer": "wait=2"})
        assert (answer.status_code, answer.json()["status"]) == (201, "filled")
        while '"status":"filled"' not in str(socket.recv(timeout=WAIT_SECONDS)).replace(" ", ""):
            pass


@pytest.mark.parametrize(
    "seconds", [SHORT_SECONDS, pytest.param(LONG_SECONDS, marks=[pytest.mark.long, pytest.mark.timeout(300)])]
)
@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_redis_gone_closes_no_socket_refuses_no_order_and_loses_no_private_event(
    redis_stack: Stack, server: RedisServer, fault: str, seconds: float, record_property: Record
) -> None:
    hurt, heal = (server.kill, server.start) if fault == "killed" else (server.freeze, server.thaw)
    figures = await through_an_outage(redis_stack, f"{fault}-{seconds:.0f}", hurt, heal, seconds)
    publish({"fault": fault, "outage_seconds": seconds} | figures, record_property)
    assert (figures["sockets"], figures["sockets_closed"], figures["undetected_holes"]) == (50, 0, 0)
    assert figures["accepted_share"] >= ACCEPTED_SHARE
    assert figures["private_events_shown"] > figures["orders"]
    assert figures["degraded_after_seconds"] <= DEGRADED_SECONDS
    assert figures["private_events_complete_after_seconds"] <= COMPLETE_SECONDS


def test_a_session_revoked_while_redis_is_gone_is_over(redis_stack: Stack, server: RedisServer) -> None:
    credentials = {"username": "desk1", "password": "demo-Passw0rd!"}
    token = httpx.post(f"{redis_stack.api}/auth/login", json=credentials).json()["accessToken"]
    with httpx.Client(base_url=redis_stack.api, headers={"Authorization": f"Bearer {token}"}) as client:
        server.kill()
        try:
            assert client.get("/auth/me").status_code == 200
            assert client.post("/auth/logout").is_success
            wait_for(lambda: client.get("/auth/me").status_code == 401, WAIT_SECONDS, "the end of the session")
        finally:
            server.start()
    wait_for(lambda: not is_degraded(redis_stack), WAIT_SECONDS, "the channel layer")


def test_an_emptied_redis_loses_nothing(redis_stack: Stack, server: RedisServer, record_property: Record) -> None:
    with redis_stack.client("trader2") as client:
        order = {"clientOrderId": "flush-1", "symbol": "AAPL", "side": "buy", "quantity": "7", "orderType": "limit"}
        placed = client.post("/orders", json=order | {"price": "1.00", "timeInForce": "gtc"}).raise_for_status().json()
        wait_for(lambda: client.get(f"/orders/{placed['id']}").json()["status"] == "new", WAIT_SECONDS, "the order")
        before = held(client)
        with server.client() as redis:
            redis.flushall()
        assert held(client) == before
        assert client.delete(f"/orders/{placed['id']}").status_code == 202
        wait_for(lambda: client.get(f"/orders/{placed['id']}").json()["status"] == "canceled", WAIT_SECONDS, "cancel")
    assert not is_degraded(redis_stack)
    publish({name: f"{len(rows)} before, {len(rows)} after" for name, rows in before.items()}, record_property)


def held(client: httpx.Client) -> dict[str, list[Any]]:
    """All that the user can see of what is stored."""
    paths = {"orders": "/orders?limit=1000", "executions": "/executions?limit=1000", "positions": "/positions"}
    paths |= {"sessions": "/auth/sessions", "events": "/events?since=0&limit=1000"}
    return {name: as_rows(client.get(path).raise_for_status().json()) for name, path in paths.items()}


def as_rows(answer: Any) -> list[Any]:
    return list(answer["items"] if isinstance(answer, dict) else answer)
