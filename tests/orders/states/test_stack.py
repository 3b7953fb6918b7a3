"""Does a running stack halt, tell whom it binds, list what is not confirmed, and let go by two?"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import httpx
import pytest

from tests.orders.limits.staff import staff_tokens
from tests.orders.screen import Screen
from tests.scoreboard import Measured
from tests.stack import ROOT, Stack, wait_for

Ask = Callable[[str], httpx.Client]
PUSH_SECONDS = 1.0


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, str]:
    return staff_tokens(stack.data_dir)


@pytest.fixture(scope="module")
def ask(stack: Stack, tokens: dict[str, str]) -> Iterator[Ask]:
    """`ask("desk1").get("/trading-state")`"""
    with ExitStack() as opened:
        clients = {
            name: opened.enter_context(
                httpx.Client(base_url=stack.api, headers={"Authorization": f"Bearer {token}"}, timeout=15)
            )
            for name, token in tokens.items()
        }
        yield lambda name: clients[name]


def state(ask: Ask, name: str, state: str, scope: str = "user", target: str = "trader1") -> httpx.Response:
    return ask(name).post("/trading-state", json={"scope": scope, "target": target, "state": state, "reason": "a test"})


def released(
    ask: Ask, scope: str = "user", target: str = "trader1", by: tuple[str, str] = ("compliance1", "admin1")
) -> None:
    statuses = [state(ask, name, "active", scope, target).status_code for name in by]
    assert statuses == [202, 200]


def placed(ask: Ask, name: str, price: str = "1.00") -> httpx.Response:
    plain = {"symbol": "IBM", "side": "buy", "orderType": "limit", "quantity": "10", "price": price}
    return ask(name).post("/orders", json={"clientOrderId": uuid.uuid4().hex, **plain}, headers={"Prefer": "wait=5"})


def seen(ask: Ask, name: str) -> list[tuple[str, str | None, str]]:
    items = ask(name).get("/trading-state").json()["items"]
    return [(item["scope"], item["target"], item["state"]) for item in items]


def run(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    manage = [sys.executable, str(ROOT / "manage.py"), *words]
    return subprocess.run(manage, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_head_halts_a_trader_whose_orders_end_and_two_others_let_go(ask: Ask) -> None:
    order = placed(ask, "trader1").json()
    answer = state(ask, "desk1", "halted")
    assert (answer.status_code, answer.json()["state"], answer.json()["recorded"]) == (200, "halted", True)
    refused = placed(ask, "trader1")
    assert (refused.status_code, refused.json()["code"]) == (422, "TRADING_HALTED")
    wait_for(lambda: ask("trader1").get(f"/orders/{order['id']}").json()["status"] == "canceled", 20, "the cancel")
    assert placed(ask, "trader2").status_code == 201
    assert state(ask, "desk1", "active").status_code == 403
    released(ask)
    assert placed(ask, "trader1").status_code == 201


def test_who_is_bound_sees_it_who_looks_after_him_too_and_nobody_else(ask: Ask) -> None:
    assert state(ask, "trader1", "halted").status_code == 200
    assert [seen(ask, name) for name in ("trader1", "desk1", "compliance1")] == [[("user", "trader1", "halted")]] * 3
    assert seen(ask, "trader2") == []
    assert state(ask, "trader2", "halted").status_code == 403
    released(ask)
    assert seen(ask, "compliance1") == []


def test_a_wish_for_a_release_is_shown_to_who_may_agree_and_one_alone_lets_nothing_go(ask: Ask) -> None:
    state(ask, "trader1", "reduce_only")
    assert [state(ask, "admin1", "active").status_code for _ in range(2)] == [202, 202]
    (item,) = ask("compliance1").get("/trading-state").json()["items"]
    assert (item["state"], item["release"]["askedBy"], item["release"]["state"]) == ("reduce_only", "admin1", "active")
    (own,) = ask("trader1").get("/trading-state").json()["items"]
    assert own["release"] is None
    assert state(ask, "compliance1", "active").json()["state"] == "active"


def test_orders_whose_end_is_not_confirmed_are_listed_until_it_is(stack: Stack, ask: Ask, measured: Measured) -> None:
    order = placed(ask, "trader1").json()["id"]
    with stack.frozen("engine"):
        assert state(ask, "desk1", "halted").status_code == 200
        (item,) = ask("trader1").get("/trading-state").json()["items"]
        assert (item["unconfirmed"], item["unconfirmedOrders"]) == (1, [order])
        measured(13, "unconfirmed orders listed while the engine stands still, of 1", item["unconfirmed"], "1")
    wait_for(lambda: ask("trader1").get("/trading-state").json()["items"][0]["unconfirmed"] == 0, 20, "its end")
    released(ask)


def test_a_kill_of_an_operator_takes_a_wish_back_and_binds_whom_it_names(stack: Stack, ask: Ask) -> None:
    assert state(ask, "desk1", "halted").status_code == 200
    assert state(ask, "compliance1", "active").status_code == 202
    done = run(stack, "kill", "--user", "trader1", "--reason", "not yet")
    assert (done.returncode, done.stdout.strip()) == (0, "Halted: user trader1."), done.stderr
    released(ask, by=("admin1", "compliance1"))


async def told_of_trading(screen: Screen) -> list[tuple[str, str, str]]:
    """The next push that says something of trading, by the name of the target."""
    while True:
        if told := [item for item in await screen.push("system") if item["part"] == "trading"]:
            return [(item["scope"], item["target"], item["state"]) for item in told]


async def test_every_window_of_whom_it_binds_is_told_within_a_second_and_no_other(
    stack: Stack, ask: Ask, measured: Measured
) -> None:
    async with AsyncExitStack() as opened:
        screens = []
        for name in ("trader1", "trader1", "desk1"):
            connection = await opened.enter_async_context(stack.ws("/ws/v1/trading", name))
            screens.append(Screen(connection, binary=False))
            await screens[-1].result("subscribe", channel="system")
            await screens[-1].push("system", "snapshot")
        began = time.monotonic()
        await asyncio.to_thread(state, ask, "desk1", "halted")
        halted = [await told_of_trading(screen) for screen in screens[:2]]
        seconds = round(time.monotonic() - began, 2)
        await asyncio.to_thread(released, ask)
        over = [await told_of_trading(screen) for screen in screens[:2]]
        await asyncio.to_thread(state, ask, "compliance1", "halted", "symbol", "FB")
        assert await told_of_trading(screens[2]) == [("symbol", "FB", "halted")], "Nothing was told of the trader."
    assert (halted, over) == ([[("user", "trader1", "halted")]] * 2, [[("user", "trader1", "active")]] * 2)
    measured(13, "s until both windows of the trader are told", seconds, f"≤ {PUSH_SECONDS:g}")


def test_a_command_freezes_and_a_drill_measures(stack: Stack, ask: Ask, measured: Measured) -> None:
    drill = run(stack, "kill_drill", "--orders", "20", "--json")
    assert drill.returncode in (0, 1), drill.stderr
    report = json.loads(drill.stdout)
    measured(
        13,
        "drill: gate closed; last of 20 cancelled, ms",
        f"{report['gate_closed_ms']}; {report['last_canceled_ms']}",
        "told",
    )
    assert (report["canceled"], report["unconfirmed"], report["stopped"], report["released"]) == (20, [], True, True)
    frozen = run(stack, "freeze", "trader2", "--reason", "left us", "--suspend")
    assert (frozen.returncode, ask("trader2").get("/auth/me").status_code) == (0, 401)
