"""What do traders notice when Redis is killed, frozen or emptied under load? (scoreboard, checks 16 and 17)

Fifty sockets are open and orders keep coming.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.crowd import MARKET, TRADING, Crowd
from tests.faults.desk import (
    PLACES,
    TRADERS,
    WAIT_SECONDS,
    Desk,
    held,
    is_degraded,
    last_event,
    logged_in,
    parts,
    seconds_until,
    trades_without_redis,
)
from tests.redis_server import RedisServer
from tests.scoreboard import Measured
from tests.stack import READY_SECONDS, Stack, wait_for

pytestmark = pytest.mark.alone

CALM_ORDERS, SHORT_SECONDS, LONG_SECONDS = 30, 5.0, 30.0
COMPLETE_SECONDS, DEGRADED_SECONDS, ACCEPTED_SHARE, SLOWER = 2.0, 5.0, 0.99, 2.0  # the scoreboard's limits
SHORT_PATIENCE = 5  #: so many times the ratio of the short form is allowed: other tests share the machine with it


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


async def through_an_outage(
    stack: Stack, name: str, hurt: Callable[[], Any], heal: Callable[[], Any], seconds: float
) -> dict[str, Any]:
    """The figures of one outage, from calm through the fault to whole again."""
    desk = Desk(stack, name)
    async with Crowd(stack, PLACES) as crowd:
        trading = asyncio.create_task(desk.run())
        await seconds_until(lambda: len(desk.seconds) >= CALM_ORDERS, "how fast orders are when all is well")
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
        before, meanwhile = desk.p99_ms(0, calm), desk.p99_ms(calm, during)
        return {
            "sockets": len(crowd.viewers),
            "sockets_closed": sum(crowd.closed.values()),
            "undetected_holes": crowd.holes,
            "orders": len(desk.seconds),
            "accepted_share": desk.accepted_share,
            "p99_ratio": round(meanwhile / before, 1),
            "private_events_shown": sum(viewer.events for viewer in screens),
            "degraded_after_seconds": degraded,
            "complete_after_seconds": complete,
            "whole_after_seconds": round(complete + market + whole, 2),
        }


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


def test_a_kill_works_while_redis_is_gone_and_whom_it_binds_is_told(
    stack_without_redis: Stack, server: RedisServer, measured: Measured
) -> None:
    assert not server.answers()
    kill = {"scope": "user", "target": "desk1", "state": "halted", "reason": "a test"}
    order = {"clientOrderId": "no-kill", "symbol": "AAPL", "side": "buy", "quantity": "1", "orderType": "market"}
    with stack_without_redis.client("desk1") as client, stack_without_redis.ws_sync(TRADING, "desk1") as socket:
        socket.send('{"id":1,"method":"subscribe","params":{"channel":"system"}}')
        began = time.monotonic()
        assert client.post("/trading-state", json=kill).status_code == 200
        measured(
            13, "without Redis: a kill is answered over REST, ms", round((time.monotonic() - began) * 1000), "told"
        )
        refused = client.post("/orders", json=order | {"timeInForce": "day"})
        assert (refused.status_code, refused.json()["code"]) == (422, "TRADING_HALTED")
        while '"target":"desk1"' not in str(socket.recv(timeout=WAIT_SECONDS)).replace(" ", ""):
            pass


@pytest.mark.parametrize(
    "seconds", [SHORT_SECONDS, pytest.param(LONG_SECONDS, marks=[pytest.mark.long, pytest.mark.timeout(300)])]
)
@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_redis_gone_closes_no_socket_refuses_no_order_and_loses_no_private_event(
    redis_stack: Stack, server: RedisServer, fault: str, seconds: float, measured: Measured
) -> None:
    hurt, heal = (server.kill, server.start) if fault == "killed" else (server.freeze, server.thaw)
    figures = await through_an_outage(redis_stack, f"{fault}-{seconds:.0f}", hurt, heal, seconds)
    measured(16, f"Redis {fault} for so long, s", seconds, "30")
    measured(16, f"{fault}: sockets closed, of 50", figures["sockets_closed"], "0")
    measured(
        16, f"{fault}: orders accepted, of so many", f"{figures['accepted_share']:.1%} of {figures['orders']}", "≥ 99 %"
    )
    measured(16, f"{fault}: p99 of orders, times that before", figures["p99_ratio"], f"≤ {SLOWER:g}")
    measured(16, f"{fault}: /readyz says so after, s", figures["degraded_after_seconds"], f"≤ {DEGRADED_SECONDS:g}")
    measured(
        16, f"{fault}: private events complete after, s", figures["complete_after_seconds"], f"≤ {COMPLETE_SECONDS:g}"
    )
    measured(16, f"{fault}: hidden holes on screens", figures["undetected_holes"], "0")
    assert (figures["sockets"], figures["sockets_closed"], figures["undetected_holes"]) == (50, 0, 0)
    assert figures["accepted_share"] >= ACCEPTED_SHARE
    assert figures["private_events_shown"] > figures["orders"]
    assert figures["degraded_after_seconds"] <= DEGRADED_SECONDS
    assert figures["complete_after_seconds"] <= COMPLETE_SECONDS
    assert figures["p99_ratio"] <= SLOWER * (SHORT_PATIENCE if seconds == SHORT_SECONDS else 1)


def test_a_session_revoked_while_redis_is_gone_is_over(
    redis_stack: Stack, server: RedisServer, measured: Measured
) -> None:
    with logged_in(redis_stack, "desk1") as client:
        server.kill()
        try:
            assert client.get("/auth/me").status_code == 200
            assert client.post("/auth/logout").is_success
            wait_for(lambda: client.get("/auth/me").status_code == 401, WAIT_SECONDS, "the end of the session")
        finally:
            server.start()
        wait_for(lambda: not is_degraded(redis_stack), WAIT_SECONDS, "the channel layer")
        measured(16, "answer to a session that was revoked meanwhile", client.get("/auth/me").status_code, "401")
        assert client.get("/auth/me").status_code == 401


def test_an_emptied_redis_loses_nothing(redis_stack: Stack, server: RedisServer, measured: Measured) -> None:
    with redis_stack.client("trader2") as client:
        order = {"clientOrderId": "flush-1", "symbol": "AAPL", "side": "buy", "quantity": "7", "orderType": "limit"}
        placed = client.post("/orders", json=order | {"price": "1.00", "timeInForce": "gtc"}).raise_for_status().json()
        wait_for(lambda: client.get(f"/orders/{placed['id']}").json()["status"] == "new", WAIT_SECONDS, "the order")
        before = held(client)
        with server.client() as redis:
            redis.flushall()
        after = held(client)
        lost = {name: sum(row not in after[name] for row in rows) for name, rows in before.items()}
        for name, rows in before.items():
            measured(17, f"all of Redis deleted: {name} lost, of so many", f"{lost[name]} of {len(rows)}", "0")
        assert after == before
        assert client.delete(f"/orders/{placed['id']}").status_code == 202
        wait_for(lambda: client.get(f"/orders/{placed['id']}").json()["status"] == "canceled", WAIT_SECONDS, "cancel")
    assert not is_degraded(redis_stack)
