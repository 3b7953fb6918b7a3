"""What is left of 300 orders when a part is killed in the middle? Held against the engine's own journal.

At a random moment one part gets `kill -9`; `up` brings it back. With `--long` 1,000 orders, twenty times for each part
that an order passes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial

import httpx
import pytest

from tests.faults.careful import Script, hold_to_the_engine, reports_of
from tests.scoreboard import Measured
from tests.stack import ROOT, Stack, wait_for
from tradingmw.scaled import to_e8

ORDERS = 300
SEEDS = (1, 2, 3)
LONG_ORDERS = 1_000
REPETITIONS = 20


@pytest.mark.parametrize("part", ["web", "orders", "feed", "engine"])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_is_lost_or_doubled_when_a_part_is_killed(
    stack: Stack, part: str, seed: int, measured: Measured
) -> None:
    stack.wait_ready()
    script = Script(stack, f"{part}-{seed}", seed, ORDERS)
    asyncio.run(script.run(partial(stack.kill, part), random.Random(f"{part}{seed}").randint(20, ORDERS - 20)))
    stack.wait_ready()
    hold_to_the_engine(script, partial(measured, 1), f"{part} killed")


def test_the_positions_are_the_sum_of_the_engines_trades_after_all_that(stack: Stack) -> None:
    assert positions(stack) == traded(stack)


def test_every_order_is_what_its_history_says_after_all_that(stack: Stack) -> None:
    assert verified_orders(stack) >= len(SEEDS) * ORDERS


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", ["web", "orders", "engine"])
def test_a_thousand_orders_survive_twenty_kills(
    make_stack: Callable[..., Stack], part: str, measured: Measured
) -> None:
    stack = make_stack(seed=1)
    worst: dict[tuple[str, str], float] = {}

    def keep(what: str, value: object, limit: str) -> None:
        worst[what, limit] = max(worst.get((what, limit), 0), float(str(value)))

    for repetition in range(REPETITIONS):
        stack.wait_ready()
        stack.forget_logins()
        script = Script(stack, f"{part}-{repetition}", repetition, LONG_ORDERS)
        asyncio.run(script.run(partial(stack.kill, part), random.Random(f"{part}{repetition}").randint(20, 980)))
        stack.wait_ready()
        hold_to_the_engine(script, keep, f"{part} killed, the worst of {REPETITIONS}")
        wait_for(lambda: cancel_all(stack) == httpx.codes.MULTI_STATUS, 60, "the orders' end, so that they stay few")
    for (what, limit), value in worst.items():
        measured(1, what, f"{value:g}", limit)
    assert positions(stack) == traded(stack)
    found = verified_orders(stack)
    measured(1, f"{part} killed {REPETITIONS} times: orders that are what their history says", found, "all")
    assert found == REPETITIONS * LONG_ORDERS
    stack.end()


def cancel_all(stack: Stack) -> int:
    """The answer's status; a busy machine may take its time, and then the answer is 504."""
    with stack.client("trader1") as client:
        return client.delete("/orders").status_code


def positions(stack: Stack) -> dict[str, int]:
    with stack.client("trader1") as client:
        items = client.get("/positions").raise_for_status().json()["items"]
    return {item["symbol"]: to_e8(item["quantity"]) for item in items}


def traded(stack: Stack) -> dict[str, int]:
    """By the engine's journal; every order was a buy."""
    held: Counter[str] = Counter()
    for report in (report for reports in reports_of(stack).values() for report in reports):
        held[report.symbol] += report.last_quantity_e8
    return dict(+held)


def verified_orders(stack: Stack) -> int:
    """How many orders `manage.py orders verify` has found to be what their history says: all of them."""
    command = [sys.executable, "manage.py", "orders", "verify", "--json"]
    here = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    ran = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, timeout=600)
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["differences"]) == (0, []), ran.stderr
    return int(found["orders"])
