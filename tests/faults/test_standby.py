"""Does the second order bridge take over within five seconds, whatever becomes of the first?

`up --standby` runs two. In the middle of 150 orders the one that holds the lease is killed, or stands still.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from functools import partial

import psutil
import pytest

from bridge.simulator.journal import RecordKind, read_journal
from tests.faults.careful import Script, hold_to_the_engine, reports_of
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

ORDERS = 150
TAKE_OVER_SECONDS = 5  #: the promise: from the last order of the one to the first of the other
BRIDGES = {"order_requests": "orders", "order_requests_standby": "standby"}


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack]) -> Stack:
    return make_stack(seed=1, standby=True)


def holder(stack: Stack) -> str:
    """The part that holds the lease."""
    database = sqlite3.connect(stack.data_dir / "tradingmw.sqlite3", timeout=10)
    ((address,),) = database.execute("SELECT holder_address FROM orders_lease").fetchall()
    database.close()
    return {stack.addresses[name]: part for name, part in BRIDGES.items()}[address]


def test_the_standby_takes_over_from_a_killed_bridge(stack: Stack, measured: Measured) -> None:
    before = holder(stack)
    script = Script(stack, "killed", seed=1, count=ORDERS)
    asyncio.run(script.run(lambda: stack.kill(before), ORDERS // 3))
    pause = round(script.longest_pause_seconds, 1)
    measured(1, "order bridge killed: pause until the standby took orders, s", pause, f"≤ {TAKE_OVER_SECONDS}")
    assert pause <= TAKE_OVER_SECONDS, stack.tail()
    stack.wait_ready()
    assert holder(stack) != before
    hold_to_the_engine(script, partial(measured, 1), "order bridge killed, standby there")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_the_standby_takes_over_from_a_bridge_that_stands_still(stack: Stack, measured: Measured) -> None:
    """It may stand still within a transaction, the database locked: the standby ends it."""
    before = holder(stack)
    frozen = psutil.Process(stack.pids()[before])
    script = Script(stack, "frozen", seed=2, count=ORDERS)
    asyncio.run(script.run(frozen.suspend, ORDERS // 3, lambda: taken_over(stack, before)))
    pause = round(script.longest_pause_seconds, 1)
    measured(12, "order bridge frozen: pause until the standby took orders, s", pause, f"≤ {TAKE_OVER_SECONDS}")
    assert pause <= TAKE_OVER_SECONDS, stack.tail()
    stack.wait_ready()
    assert holder(stack) != before
    hold_to_the_engine(script, partial(measured, 12), "order bridge frozen, standby there")
    measured(12, "commands of the old session that the engine took", taken_behind_the_fence(stack), "0")
    assert taken_behind_the_fence(stack) == 0


def taken_over(stack: Stack, before: str) -> None:
    wait_for(lambda: holder(stack) != before, 30, "another holder of the lease", stack.tail)
    stack.wait_ready()


def taken_behind_the_fence(stack: Stack) -> int:
    """Orders whose only command came from a session that was not the newest any more."""
    session, stale, sound = 0, set(), set()
    for record in read_journal(stack.journal()):
        if record.kind is RecordKind.SESSION:
            session = record.session
        elif record.kind is RecordKind.COMMAND:
            name = getattr(record.message(), "client_order_id", "")
            (stale if record.session < session else sound).add(name)
    return len((stale - sound) & set(reports_of(stack)))
