"""What does a Sentinel failover cost that loses writes which Redis had acknowledged? (scoreboard, check 17)

Redis is a primary, a replica that was cut off a moment ago, and a Sentinel. The primary dies under fifty sockets and
orders; the replica takes over with what it had.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis import Redis

from tests.faults.crowd import MARKET, TRADING, Crowd
from tests.faults.desk import PLACES, TRADERS, Desk, is_degraded, last_event, logged_in, seconds_until
from tests.redis_server import RedisService
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

COMPLETE_SECONDS = 5.0  #: after the promotion: the scoreboard's limit
PROMOTED_SECONDS = 30.0
DONE_SECONDS, LATER_SECONDS = 60.0, 60.0
SOME_ORDERS = 20
MARK = "acknowledged and not copied"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisService]:
    service = RedisService(tmp_path_factory.mktemp("redis"))
    try:
        yield service.start()
    finally:
        service.end()


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack], service: RedisService) -> Stack:
    return make_stack(seed=1, environment={"TMW_REDIS_URL": service.url})


async def some_more_orders(desk: Desk) -> None:
    goal = len(desk.accepted) + SOME_ORDERS
    await seconds_until(lambda: len(desk.accepted) >= goal, "more orders")


def lose_what_comes(service: RedisService) -> None:
    """From here on the primary acknowledges and the replica does not hear of it."""
    service.cut_replication()
    with service.primary.client() as primary:
        assert primary.set(MARK, 1)


def is_lost(redis: Redis) -> bool:
    with redis:
        return redis.get(MARK) is None


def orders_missing(stack: Stack, accepted: set[str], query: str) -> int:
    """How many of the accepted orders the query's rows do not name."""
    path = (stack.data_dir / "tradingmw.sqlite3").as_uri() + "?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=10)) as database:
        found = {UUID(row[0]) for row in database.execute(query)}
    return len({UUID(order_id) for order_id in accepted} - found)


def a_task_is_done(stack: Stack) -> Callable[[], bool]:
    """Owe a task to the workers, an alert that is met at once; whether it is done is what the result tells."""
    with stack.client("trader1") as client:
        alert = {"symbol": "AAPL", "condition": "above", "targetPrice": "1"}
        alert_id = client.post("/alerts", json=alert).raise_for_status().json()["id"]

    def is_done() -> bool:
        with stack.client("trader1") as client:
            stored = client.get("/notifications", params={"limit": 1000}).raise_for_status().json()["items"]
        return any(item["metadata"].get("alertId") == alert_id for item in stored)

    return is_done


async def through_a_failover(
    stack: Stack, service: RedisService, desk: Desk, revoke: Callable[[], httpx.Response]
) -> dict[str, Any]:
    """The figures, from the primary's death to whole again.

    What it loses is written shortly before it: a Sentinel makes no primary of a replica that has been cut off for long.
    """
    async with Crowd(stack, PLACES) as crowd:
        trading = asyncio.create_task(desk.run())
        await some_more_orders(desk)
        await asyncio.to_thread(lose_what_comes, service)
        assert (await asyncio.to_thread(revoke)).is_success
        service.primary.kill()
        promoted = await seconds_until(service.is_promoted, "the replica is promoted", PROMOTED_SECONDS)
        goals = {username: await asyncio.to_thread(last_event, stack, username) for username in TRADERS}
        updates = {viewer: viewer.updates for viewer in crowd.of(MARKET)}
        screens = crowd.of(TRADING)
        complete = await seconds_until(
            lambda: all(viewer.cursor >= goals[viewer.username] for viewer in screens), "every private event"
        )
        market = await seconds_until(lambda: all(v.updates > n for v, n in updates.items()), "prices on every screen")
        whole = await seconds_until(lambda: not is_degraded(stack), "the channel layer")
        await some_more_orders(desk)
        desk.stopping = True
        await trading
        return {
            "sockets": len(crowd.viewers),
            "sockets_closed": sum(crowd.closed.values()),
            "undetected_holes": crowd.holes,
            "events": sum(viewer.events for viewer in screens),
            "promoted": promoted,
            "complete": complete,
            "whole": round(complete + market + whole, 2),
        }


async def test_a_failover_that_loses_acknowledged_writes_costs_nothing(
    stack: Stack, service: RedisService, measured: Measured
) -> None:
    desk = Desk(stack, "failover")
    with logged_in(stack, "desk1") as revoked:
        figures = await through_a_failover(stack, service, desk, partial(revoked.post, "/auth/logout"))
        assert is_lost(service.replica.client())
        answer = await asyncio.to_thread(revoked.get, "/auth/me")
    is_done = await asyncio.to_thread(a_task_is_done, stack)
    done = await seconds_until(is_done, "a task that was owed after the failover", DONE_SECONDS)
    refused = desk.answers.total() - len(desk.accepted)
    lost = orders_missing(stack, desk.accepted, "SELECT id FROM orders_order")
    unaudited = orders_missing(stack, desk.accepted, "SELECT resource_id FROM accounts_auditlog WHERE resource='order'")

    orders = len(desk.accepted)
    measured(17, "failover: the Sentinel had promoted the replica after, s", figures["promoted"], "theirs")
    measured(17, "failover: orders refused, of so many", f"{refused} of {desk.answers.total()}", "0")
    measured(17, "failover: orders lost, of so many accepted", f"{lost} of {orders}", "0")
    measured(17, "failover: their audit rows lost", f"{unaudited} of {orders}", "0")
    measured(17, "failover: answer to a session that was revoked before", answer.status_code, "401")
    measured(17, "failover: sockets closed, of 50", figures["sockets_closed"], "0")
    measured(17, "failover: private events complete after the promotion, s", figures["complete"], "≤ 5")
    measured(17, "failover: layer and prices whole after the promotion, s", figures["whole"], "≤ 5")
    measured(24, "failover: a task owed after it is done after, s", done, "≤ 60")
    assert (figures["sockets"], figures["sockets_closed"], figures["undetected_holes"]) == (50, 0, 0)
    assert (refused, lost, unaudited, answer.status_code) == (0, 0, 0, 401)
    assert figures["events"] > orders
    assert figures["complete"] <= COMPLETE_SECONDS
    assert figures["whole"] <= COMPLETE_SECONDS


@pytest.mark.long
def test_the_old_primary_comes_back_as_a_replica_and_nothing_notices(stack: Stack, service: RedisService) -> None:
    """Sentinel takes some ten seconds to make it one."""
    assert service.is_promoted()
    service.primary.start()
    wait_for(lambda: service.role_of(service.primary) == "slave", LATER_SECONDS, "a replica", service.sentinel.log)
    with stack.client("trader1") as client:
        order = {"clientOrderId": "after", "symbol": "AAPL", "side": "buy", "quantity": "1", "orderType": "market"}
        answer = client.post("/orders", json=order | {"timeInForce": "ioc"}, headers={"Prefer": "wait=2"})
        assert answer.json()["status"] == "filled"
    assert not is_degraded(stack)
