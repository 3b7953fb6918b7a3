"""Check 11: a trader's socket dies with cancel-on-disconnect on, off, after a logout, or is back within the grace.

Against a whole stack, by the engine's journal. A guard of two seconds is the clock by which the others are waited for.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.orders.leaving import Leaver, cancels, order, seconds_until_all
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

pytestmark = [pytest.mark.timeout(120), pytest.mark.alone]  # one stack for all of them
WAIT_SECONDS = 20.0
GRACE, SHORT_GRACE, LATE_SECONDS = 5, 2, 1.0
SHORT = {"enabled": True, "graceSeconds": SHORT_GRACE}


@pytest.fixture
async def people() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as people:
        yield people


async def all_canceled(stack: Stack, leaver: Leaver, since_us: int = 0) -> float:
    """Seconds from when it left until the engine has the last cancel of its orders."""

    def waited() -> float | None:
        return wait_for(lambda: seconds_until_all(stack, leaver, since_us), WAIT_SECONDS, "cancels of all its orders")

    seconds = await asyncio.to_thread(waited)
    assert seconds
    return seconds


async def test_orders_are_cancelled_when_their_session_is_gone_and_only_then(
    stack: Stack, people: AsyncExitStack, measured: Measured
) -> None:
    on, off, clean, back, clock, revoked = [
        await people.enter_async_context(Leaver(stack, username)) for username in ("trader1", "trader2") * 3
    ]
    await on.trade({"enabled": True})
    await off.trade(None)
    await clean.trade({"enabled": True})
    await back.trade({"enabled": True})
    await clock.trade(SHORT)
    await revoked.trade(SHORT)

    off.vanish()
    clean.log_out()
    back.vanish()
    clock.vanish()
    short = await all_canceled(stack, clock)
    again = await back.connect()
    await again.result("subscribe", channel="orders", snapshot=False)
    await again.result("resume", since=0)
    on.vanish()
    assert off.rest.delete(f"/auth/sessions/{revoked.session()}").status_code == 204
    seconds = await all_canceled(stack, on)
    await all_canceled(stack, revoked, on.left_at_us)

    assert time.time_ns() // 1_000 - back.left_at_us > (GRACE + LATE_SECONDS) * 1_000_000
    spared = cancels(stack).keys() & {*off.orders, *clean.orders, *back.orders}
    measured(11, "on: all orders cancelled after, s", f"{seconds:.2f}", "≤ 6")
    measured(11, "on, grace of 2 s: all orders cancelled after, s", f"{short:.2f}", "≤ 3")
    measured(11, "cancels with it off, after a logout, or back within the grace", len(spared), "0")
    assert GRACE <= seconds <= GRACE + LATE_SECONDS
    assert SHORT_GRACE <= short <= SHORT_GRACE + LATE_SECONDS
    assert not spared
    told_why(clock.rest, on.orders[0])


def told_why(reader: httpx.Client, order_id: uuid.UUID) -> None:
    """His next login reads it in the history, at the order and among the notifications."""
    history = reader.get(f"/orders/{order_id}/history").json()["items"]
    assert {"cause": "disconnect"} in [line["statusDetails"] for line in history]
    wait_for(
        lambda: reader.get(f"/orders/{order_id}").json()["status"] == "canceled", WAIT_SECONDS, "the engine's word"
    )
    assert reader.get(f"/orders/{order_id}").json()["reason"] == "CANCELED_ON_DISCONNECT"
    notes = [each for each in reader.get("/notifications").json()["items"] if each["type"] == "orders"]
    assert {(each["metadata"]["cause"], each["metadata"]["orders"]) for each in notes} == {("disconnect", 5)}


async def test_a_web_process_that_is_killed_leaves_nobodys_orders_behind(
    stack: Stack, people: AsyncExitStack, measured: Measured
) -> None:
    guarded, other = [await people.enter_async_context(Leaver(stack, "trader1")) for _ in range(2)]
    await guarded.trade(SHORT)
    await other.trade(None)
    killed_at_us = time.time_ns() // 1_000
    await asyncio.to_thread(stack.kill, "web")
    seconds = await all_canceled(stack, guarded, killed_at_us)
    measured(11, "web process killed, grace of 2 s: all orders cancelled after, s", f"{seconds:.2f}", "≤ 3")
    assert SHORT_GRACE <= seconds <= SHORT_GRACE + LATE_SECONDS
    assert not cancels(stack).keys() & set(other.orders)
    await asyncio.to_thread(stack.wait_ready)


async def test_an_account_that_is_not_heard_of_in_time_loses_its_orders(stack: Stack, people: AsyncExitStack) -> None:
    trader = await people.enter_async_context(Leaver(stack, "trader2"))
    screen = await trader.trade(None)
    far = await screen.result("cancelAfter", seconds=60)
    assert far["now"] < far["triggerAt"] and far["lastEventId"] > 0
    near = trader.rest.post("/orders/cancel-after", json={"seconds": 1})
    assert near.status_code == 200, near.text
    assert near.json()["triggerAt"] < far["triggerAt"]
    assert near.headers["X-Last-Event-Id"] == str(near.json()["lastEventId"])
    await all_canceled(stack, trader, 1)
    history = trader.rest.get(f"/orders/{trader.orders[0]}/history").json()["items"]
    assert {"cause": "cancel_after"} in [line["statusDetails"] for line in history]
    off = await screen.result("cancelAfter", seconds=0)
    assert off["triggerAt"] is None


BAD_TIMERS: list[dict[str, Any]] = [
    {},
    {"seconds": -1},
    {"seconds": 86_401},
    {"seconds": 2**70},
    {"seconds": "60"},
    {"seconds": 1.5},
    {"seconds": None},
    {"seconds": True},
    {"seconds": 60, "account": "trader2"},
]
BAD_GUARDS: list[dict[str, Any]] = [
    {},
    {"enabled": "true"},
    {"enabled": 1},
    {"enabled": True, "graceSeconds": 0},
    {"enabled": True, "graceSeconds": 61},
    {"enabled": True, "graceSeconds": -5},
    {"enabled": True, "graceSeconds": "5"},
    {"enabled": True, "graceseconds": 30},
    {"enabled": True, "scope": "firm"},
    {"enabled": True, "session": str(uuid.UUID(int=1))},
]


async def test_bad_input_is_refused_with_the_same_code_everywhere(stack: Stack, people: AsyncExitStack) -> None:
    trader = await people.enter_async_context(Leaver(stack, "trader1"))
    screen = await trader.connect()
    for body in BAD_TIMERS:
        answer = trader.rest.post("/orders/cancel-after", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED"), body
        assert await screen.error("cancelAfter", **body) == "VALIDATION_FAILED", body
    for body in BAD_GUARDS:
        assert await screen.error("cancelOnDisconnect", **body) == "VALIDATION_FAILED", body


async def test_who_may_not_cancel_may_not_have_it_done(stack: Stack, people: AsyncExitStack) -> None:
    officer = await people.enter_async_context(Leaver(stack, "compliance1"))
    screen = await officer.connect()
    assert await screen.error("cancelOnDisconnect", enabled=True) == "FORBIDDEN"
    assert await screen.error("cancelAfter", seconds=60) == "FORBIDDEN"
    assert officer.rest.post("/orders/cancel-after", json={"seconds": 60}).status_code == 403


async def test_nobody_is_guarded_by_anothers_timer(stack: Stack, people: AsyncExitStack) -> None:
    one, two = [await people.enter_async_context(Leaver(stack, name)) for name in ("trader1", "trader2")]
    placed = one.rest.post("/orders", json=order()).json()
    await two.trade(None)
    assert two.rest.post("/orders/cancel-after", json={"seconds": 1}).status_code == 200
    await all_canceled(stack, two, 1)
    assert uuid.UUID(placed["id"]) not in cancels(stack)


def test_figures_show_what_is_armed_and_what_has_fired(stack: Stack) -> None:
    """Last in this module."""
    with stack.client("trader1") as client:
        client.post("/orders/cancel-after", json={"seconds": 3_600}).raise_for_status()
    text = httpx.get(stack.addresses["metrics_orders"], timeout=15).text
    shown = {name: float(value) for name, value in re.findall(r"^(tmw_orders_safeguards\S*) (\S+)$", text, re.M)}
    assert shown['tmw_orders_safeguards{kind="cancel_after"}'] >= 1
    assert shown['tmw_orders_safeguards_fired_total{kind="cancel_after"}'] >= 2
