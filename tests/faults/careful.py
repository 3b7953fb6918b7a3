"""What does a careful client see while the system is hurt, and does the system then agree with its engine?

A script places orders and repeats each unanswered one under the same clientOrderId. In the middle something is done to
the system. Then every order must stand here as the engine's own journal says.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bridge.simulator.journal import RecordKind, read_journal
from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import ExecType
from tests.patience import PATIENCE
from tests.stack import Stack, wait_for
from tradingmw.scaled import to_e8

WORKERS = 8
ANSWER_SECONDS = 120
SETTLED_SECONDS = 5  #: the promise, from the moment at which every part is back
SETTLED = {"new", "partially_filled", "filled", "canceled", "rejected", "expired", "denied"}
Keep = Callable[[str, object, str], None]
KINDS = ("rest", "take", "take_or_die")


@dataclass
class Script:
    """Places `count` orders until every one is answered; `answers` counts the HTTP statuses on the way."""

    stack: Stack
    prefix: str
    seed: int
    count: int = 300
    accepted: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)  #: at market, while no price could be relied on
    answers: Counter[int | str] = field(default_factory=Counter)
    began: str = field(default_factory=lambda: (datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    halfway: asyncio.Event = field(default_factory=asyncio.Event)
    answered_at: float = 0.0  #: when the last 2xx came
    longest_pause_seconds: float = 0.0  #: between two of them
    settling_seconds: float = 0.0  #: from the system's return until all orders of before had a word of the engine

    async def run(self, hurt: Callable[[], object], after: int, back: Callable[[], object] | None = None) -> None:
        """`hurt` is called in a thread once `after` orders are accepted; then `back`, which returns when it is over."""
        orders = iter(list(self.orders()))
        headers = {"Authorization": f"Bearer {self.stack.token('trader1')}"}
        async with httpx.AsyncClient(base_url=self.stack.api, headers=headers, timeout=10) as client:
            workers = [asyncio.create_task(self.work(client, orders, after)) for _ in range(WORKERS)]
            await self.halfway.wait()
            await asyncio.to_thread(hurt)
            await asyncio.to_thread(self.settle, set(self.accepted), back or self.stack.wait_ready)
            await asyncio.wait_for(asyncio.gather(*workers), ANSWER_SECONDS)

    def settle(self, before: set[str], back: Callable[[], object]) -> None:
        """While the others go on."""
        back()
        began = time.monotonic()
        wait_for(
            lambda: not before & waiting_orders(self.stack), ANSWER_SECONDS, "the orders of before", self.stack.tail
        )
        self.settling_seconds = time.monotonic() - began

    def orders(self) -> Iterator[dict[str, str]]:
        """Some rest far below the market, some take from it, some take or die."""
        pick = random.Random(self.seed)
        for number in range(self.count):
            kind = pick.choice(KINDS)
            order = {"clientOrderId": f"{self.prefix}-{number}", "symbol": pick.choice(["AAPL", "IBM"]), "side": "buy"}
            order |= {"quantity": str(pick.randint(1, 20)), "timeInForce": "ioc" if kind == "take_or_die" else "day"}
            order |= {"orderType": "limit", "price": "1.00"} if kind == "rest" else {"orderType": "market"}
            yield order

    async def work(self, client: httpx.AsyncClient, orders: Iterator[dict[str, str]], after: int) -> None:
        for order in orders:
            await self.place(client, order)
            if len(self.accepted) >= after:
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
                self.accept(order["clientOrderId"])
                return
            if answer.status_code == 422:
                self.deny(order, answer.json())
                return
            assert answer.status_code in (502, 503, 504), answer.text
            await asyncio.sleep(0.05)

    def deny(self, order: dict[str, str], problem: dict[str, Any]) -> None:
        """A final answer too: the order is kept, and its id used up."""
        assert (problem["code"], order["orderType"]) == ("STALE_PRICE", "market"), problem
        self.denied.add(order["clientOrderId"])
        self.accept(order["clientOrderId"])

    def accept(self, client_order_id: str) -> None:
        now = time.monotonic()
        if self.accepted:
            self.longest_pause_seconds = max(self.longest_pause_seconds, now - self.answered_at)
        self.answered_at = now
        self.accepted.add(client_order_id)


def waiting_orders(stack: Stack) -> set[str]:
    """Those about which the engine has said nothing final or firm, as the database has them."""
    database = sqlite3.connect(stack.data_dir / "tradingmw.sqlite3", timeout=10)
    try:
        rows = database.execute("SELECT client_order_id, status FROM orders_order").fetchall()
    finally:
        database.close()
    return {name for name, status in rows if status not in SETTLED}


def hold_to_the_engine(script: Script, keep: Keep, what: str, most_seconds: float = 30) -> None:
    """Nothing lost, nothing doubled, nothing unexplained; `most_seconds` until every order is settled.

    `keep` is `measured` for a check; what is measured is told of `what` was done.
    """
    stack = script.stack
    assert len(script.accepted) == script.count
    with stack.client("trader1") as client:
        orders = wait_for(
            lambda: settled(client, script), most_seconds, f"every order settled, {script.answers}", stack.tail
        )
    seconds = round(script.settling_seconds, 1)
    keep(f"{what}: orders settled after the restart, s", seconds, f"≤ {SETTLED_SECONDS}")
    assert seconds <= SETTLED_SECONDS * PATIENCE
    lost = script.accepted - set(orders)
    keep(f"{what}: acknowledged orders lost, of {script.count}", len(lost), "0")
    assert set(orders) == script.accepted
    reports = wait_for(lambda: caught_up(script, orders), 10, "the engine's journal and the orders agree")
    keep(f"{what}: orders twice at the engine", sum(map(is_twice, reports.values())), "0")
    for client_order_id, order in orders.items():
        if client_order_id in script.denied:
            assert (order["status"], order["reason"], client_order_id in reports) == ("denied", "STALE_PRICE", False)
        elif client_order_id in reports:
            compare(order, reports[client_order_id])
        else:
            assert (order["status"], order["reason"]) == ("denied", "NOT_SENT"), order


def compare(order: dict[str, Any], reports: list[ExecutionReport]) -> None:
    """The order here is the engine's order: accepted once, the same end, the same fills."""
    assert not is_twice(reports)
    assert {str(report.order_id) for report in reports} == {order["id"]}
    assert order["status"] == reports[-1].status
    traded = sum(report.last_quantity_e8 for report in reports if report.exec_type is ExecType.TRADE)
    assert to_e8(order["filledQuantity"]) == traded == reports[-1].cum_quantity_e8


def settled(client: httpx.Client, script: Script) -> dict[str, dict[str, Any]]:
    """The script's orders as REST shows them, once none waits for evidence any more; empty until then."""
    orders = held_orders(client, script)
    return orders if all(order["status"] in SETTLED for order in orders.values()) else {}


def held_orders(client: httpx.Client, script: Script) -> dict[str, dict[str, Any]]:
    """By clientOrderId."""
    found: dict[str, dict[str, Any]] = {}
    params: dict[str, str] = {"limit": "1000", "status": "all", "after": script.began}
    while True:
        page = client.get("/orders", params=params).raise_for_status().json()
        found |= {one["clientOrderId"]: one for one in page["items"] if is_of(script, one["clientOrderId"])}
        if not page["nextPageToken"]:
            return found
        params["pageToken"] = page["nextPageToken"]


def is_of(script: Script, client_order_id: str) -> bool:
    return client_order_id.startswith(f"{script.prefix}-")


def caught_up(script: Script, orders: dict[str, Any]) -> dict[str, list[ExecutionReport]]:
    """The journal's reports of the script's orders, once none of them names an order that is not here."""
    reports = {name: told for name, told in reports_of(script.stack).items() if is_of(script, name)}
    return reports if set(reports) <= set(orders) else {}


def reports_of(stack: Stack) -> dict[str, list[ExecutionReport]]:
    """What the engine reported of each order, from its journal."""
    reports: dict[str, list[ExecutionReport]] = {}
    for record in read_journal(stack.journal()):
        if record.kind is RecordKind.REPORT:
            report = record.message()
            assert isinstance(report, ExecutionReport)
            reports.setdefault(report.client_order_id, []).append(report)
    return reports


def is_twice(reports: list[ExecutionReport]) -> bool:
    return Counter(report.exec_type for report in reports)[ExecType.NEW] > 1
