"""Do database and engine tell the same story? And a client that asks again until it knows."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field

from bridge.wire.vocabulary import ExecType
from orders.requests import OrderAnswer
from tests.orders.bridge.processes import Processes
from tradingmw.errors import Code, OutcomeUnknown, TradingError, Unavailable

WAITING = {"pending_new", "unknown", "pending_cancel", "pending_replace"}


def settled(pair: Processes, names: set[str]) -> bool:
    return not any(status in WAITING for name, status in pair.statuses().items() if name in names)


def both_tell_the_same_story(pair: Processes, names: set[str]) -> None:
    """Each order at most once at the engine, its end and its fills the same on both sides, and none unexplained."""
    reported, statuses = pair.reported(), pair.statuses()
    received = Counter(command.client_order_id for command in pair.received())
    filled = dict(pair.rows("SELECT client_order_id, filled_quantity FROM orders_order"))
    for name in names:
        assert received[name] <= 1, f"{name} was sent {received[name]} times"
        reports = reported.get(name, [])
        if not reports:
            assert statuses[name] == "denied"
            continue
        assert statuses[name] == reports[-1].status.value
        assert sum(report.exec_type is ExecType.NEW for report in reports) == 1
        assert filled[name] == sum(r.last_quantity_e8 for r in reports if r.exec_type is ExecType.TRADE)
    assert pair.rows("SELECT COUNT(*) FROM orders_quarantinedreport") == [(0,)]
    assert set(reported) <= set(statuses)


@dataclass
class Traders:
    """Place orders until `stopping`, each again under its id until it is answered; cancel some of those that rest."""

    pair: Processes
    accepted: dict[str, bool] = field(default_factory=dict)  #: name → was it there as soon as it was answered?
    stopping: bool = False

    async def trade(self, name: str) -> None:
        for number in itertools.count():
            if self.stopping:
                return
            await self.order(f"{name}-{number}", number)

    async def order(self, name: str, number: int) -> None:
        answer = await self.careful(name, number)
        self.accepted[name] = bool(self.pair.rows(f"SELECT 1 FROM orders_order WHERE client_order_id = '{name}'"))
        if number % 4 == 0:
            await self.cancel(answer.order["id"])

    async def careful(self, name: str, number: int) -> OrderAnswer:
        while True:
            try:
                return await self.pair.place(name, price=None if number % 2 else 1)
            except (OutcomeUnknown, Unavailable):
                await asyncio.sleep(0.02)

    async def cancel(self, order_id: str) -> None:
        """Once; whatever became of it the order's own history tells."""
        try:
            await self.pair.cancel(order_id)
        except TradingError as error:
            assert error.code in (Code.ORDER_FINAL, Code.ORDER_PENDING) or error.status >= 500, error.detail
