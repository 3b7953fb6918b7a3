"""What is left of 300 orders when a part is killed in the middle? Held against the engine's own journal.

A script places orders and repeats each unanswered one under the same clientOrderId, as a careful client does. At a
random moment one part gets `kill -9`; `up` brings it back. Then every order must stand here as the engine says.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bridge.simulator.journal import RecordKind, read_journal
from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import ExecType
from tests.scoreboard import Measured
from tests.stack import ROOT, Stack, wait_for
from tradingmw.scaled import to_e8

ORDERS = 300
WORKERS = 8
ANSWER_SECONDS = 60
SETTLED = {"new", "partially_filled", "filled", "canceled", "rejected", "expired", "denied"}
SEEDS = (1, 2, 3)


@dataclass
class Script:
    """Places orders until every one is answered; `answers` counts the HTTP statuses on the way."""

    stack: Stack
    token: str
    seed: int
    prefix: str
    accepted: set[str] = field(default_factory=set)
    answers: Counter[int | str] = field(default_factory=Counter)
    halfway: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, kill_after: int, part: str) -> None:
        orders = iter(list(self.orders()))
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.stack.api, headers=headers, timeout=10) as client:
            workers = [asyncio.create_task(self.work(client, orders, kill_after)) for _ in range(WORKERS)]
            await self.halfway.wait()
            await asyncio.to_thread(self.stack.kill, part)
            await asyncio.wait_for(asyncio.gather(*workers), ANSWER_SECONDS)

    def orders(self) -> Iterator[dict[str, str]]:
        """Some rest far below the market, some take from it, some take or die."""
        pick = random.Random(self.seed)
        for number in range(ORDERS):
            kind = pick.choice(["rest", "take", "take_or_die"])
            order = {"clientOrderId": f"{self.prefix}-{number}", "symbol": pick.choice(["AAPL", "IBM"]), "side": "buy"}
            order |= {"quantity": str(pick.randint(1, 20)), "timeInForce": "ioc" if kind == "take_or_die" else "day"}
            order |= {"orderType": "limit", "price": "1.00"} if kind == "rest" else {"orderType": "market"}
            yield order

    async def work(self, client: httpx.AsyncClient, orders: Iterator[dict[str, str]], kill_after: int) -> None:
        for order in orders:
            await self.place(client, order)
            if len(self.accepted) >= kill_after:
                self.halfway.set()

    async def place(self, client: httpx.AsyncClient, order: dict[str, str]) -> None:
        while True:
            try:
                answer = await client.post("/orders", json=order)
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
                await asyncio.sleep(0.05)  # the part that answers is away: ask again, as a client would
                continue
            self.answers[answer.status_code] += 1
            if answer.status_code in (200, 201):
                self.accepted.add(order["clientOrderId"])
                return
            assert answer.status_code in (502, 503, 504), answer.text
            await asyncio.sleep(0.05)


def held_orders(client: httpx.Client, prefix: str, began: str) -> dict[str, dict[str, Any]]:
    """Every order of this script as the REST interface shows it now, by clientOrderId."""
    found: dict[str, dict[str, Any]] = {}
    params: dict[str, str] = {"limit": "1000", "status": "all", "after": began}
    while True:
        page = client.get("/orders", params=params).raise_for_status().json()
        found |= {item["clientOrderId"]: item for item in page["items"] if item["clientOrderId"].startswith(prefix)}
        if not page["nextPageToken"]:
            return found
        params["pageToken"] = page["nextPageToken"]


def settled(client: httpx.Client, prefix: str, began: str) -> dict[str, dict[str, Any]]:
    """The same, once no order is waiting for evidence any more; empty until then."""
    orders = held_orders(client, prefix, began)
    return orders if all(order["status"] in SETTLED for order in orders.values()) else {}


def reports_of(stack: Stack, prefix: str) -> dict[str, list[ExecutionReport]]:
    """What the engine reported of each order, from its journal."""
    reports: dict[str, list[ExecutionReport]] = {}
    for record in read_journal(stack.journal()):
        if record.kind is RecordKind.REPORT:
            report = record.message()
            assert isinstance(report, ExecutionReport)
            if report.client_order_id.startswith(prefix):
                reports.setdefault(report.client_order_id, []).append(report)
    return reports


def is_twice(reports: list[ExecutionReport]) -> bool:
    return Counter(report.exec_type for report in reports)[ExecType.NEW] > 1


def compare(order: dict[str, Any], reports: list[ExecutionReport]) -> None:
    """The order here is the engine's order: accepted once, the same end, the same fills."""
    assert not is_twice(reports)
    assert {str(report.order_id) for report in reports} == {order["id"]}
    assert order["status"] == reports[-1].status
    traded = sum(report.last_quantity_e8 for report in reports if report.exec_type is ExecType.TRADE)
    assert to_e8(order["filledQuantity"]) == traded == reports[-1].cum_quantity_e8


@pytest.mark.parametrize("part", ["web", "orders", "feed", "engine"])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_is_lost_or_doubled_when_a_part_is_killed(
    stack: Stack, part: str, seed: int, measured: Measured
) -> None:
    stack.wait_ready()
    prefix, began = f"{part}-{seed}", (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    script = Script(stack, stack.token("trader1"), seed, prefix)
    asyncio.run(script.run(random.Random(f"{part}{seed}").randint(20, ORDERS - 20), part))
    stack.wait_ready()
    ready_at = time.monotonic()
    assert len(script.accepted) == ORDERS

    with stack.client("trader1") as client:
        orders = wait_for(
            lambda: settled(client, prefix, began), 30, f"every order settled, {script.answers}", stack.tail
        )
    measured(1, f"{part} killed: orders settled after the restart, s", round(time.monotonic() - ready_at, 1), "≤ 5")
    measured(1, f"{part} killed: acknowledged orders lost, of {ORDERS}", len(script.accepted - set(orders)), "0")
    assert set(orders) == script.accepted
    reports = wait_for(lambda: caught_up(stack, prefix, orders), 10, "the engine's journal and the orders agree")
    measured(1, f"{part} killed: orders twice at the engine", sum(map(is_twice, reports.values())), "0")
    for client_order_id, order in orders.items():
        if client_order_id in reports:
            compare(order, reports[client_order_id])
        else:
            assert (order["status"], order["reason"]) == ("denied", "NOT_SENT"), order


def test_the_positions_are_the_sum_of_the_engines_trades_after_all_that(stack: Stack) -> None:
    held: Counter[str] = Counter()
    for report in (report for reports in reports_of(stack, "").values() for report in reports):
        held[report.symbol] += report.last_quantity_e8
    with stack.client("trader1") as client:
        positions = client.get("/positions").raise_for_status().json()["items"]
    assert {item["symbol"]: to_e8(item["quantity"]) for item in positions} == dict(+held)


def test_every_order_is_what_its_history_says_after_all_that(stack: Stack) -> None:
    command = [sys.executable, "manage.py", "orders", "verify", "--json"]
    here = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    ran = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, timeout=60)
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["differences"]) == (0, []), ran.stderr
    assert found["orders"] >= len(SEEDS) * ORDERS


def caught_up(stack: Stack, prefix: str, orders: dict[str, Any]) -> dict[str, list[ExecutionReport]]:
    """The journal's reports, once none of them names an order that is not here."""
    reports = reports_of(stack, prefix)
    return reports if set(reports) <= set(orders) else {}
