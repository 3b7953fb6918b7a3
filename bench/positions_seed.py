"""Executions of a few accounts, written as the order core writes what an engine reports; some are busted or corrected.

    TMW_DATA_DIR=… python -m bench.positions_seed trade 10000    says how many there are
    TMW_DATA_DIR=… python -m bench.positions_seed forget         takes all positions away; says what they were
    TMW_DATA_DIR=… python -m bench.positions_seed rows           says what they are

The database must not be in use, and hold traders and instruments.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
import uuid
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from accounts.models import User  # noqa: E402
from bridge.wire.messages import ExecutionReport  # noqa: E402
from bridge.wire.messages import Instrument as Listed  # noqa: E402
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, Side  # noqa: E402
from marketdata.models import Instrument  # noqa: E402
from orders.core.inputs import LinkUp, Reported  # noqa: E402
from orders.ledger import Ledger, Settled  # noqa: E402
from orders.models import EngineCursor, Execution, Position  # noqa: E402
from tradingmw.scaled import to_e8  # noqa: E402

E8 = 10**8
AT_ONCE = 64
TOTAL_E8 = 10**8 * E8  #: of an order: none is ever filled
AMENDED_ONE_IN = 200
PARTLY = EngineOrderStatus.PARTIALLY_FILLED
COLUMNS = ("id", "quantity", "cost_e16", "realized_e16", "current_price", "average_price", "unrealized_pnl")


class Engine:
    """Says what happens to one order a side, account and instrument; the order bridge has never heard of them."""

    def __init__(self, epoch: int, accounts: list[str], table: list[Listed]) -> None:
        self._epoch, self._seq = epoch, 0
        self._pick = random.Random(1)
        self._orders = [self._order(account, listed, side) for account in accounts for listed in table for side in Side]
        self._live: list[tuple[dict[str, Any], str]] = []

    def _order(self, account: str, listed: Listed, side: Side) -> dict[str, Any]:
        order_id = uuid.uuid4()
        named = {"order_id": order_id, "account": account, "client_order_id": order_id.hex, "side": side}
        return {**named, "instrument_id": listed.instrument_id, "symbol": listed.symbol, "external_order_id": "X"}

    def says(self) -> Reported:
        """Mostly a trade; now and then a bust or a correction of one before."""
        lasts = {"last_quantity_e8": self._pick.randint(1, 500) * E8, "last_price_e8": self._pick.randint(1, 10**12)}
        if self._live and self._seq % AMENDED_ONE_IN == 0:
            order, exec_id = self._live.pop(self._pick.randrange(len(self._live)))
            if self._pick.random() < 0.5:
                return self._report(order, ExecType.TRADE_CANCEL, ref_exec_id=exec_id)
            return self._traded(order, ExecType.TRADE_CORRECT, ref_exec_id=exec_id, **lasts)
        return self._traded(self._pick.choice(self._orders), ExecType.TRADE, **lasts)

    def _traded(self, order: dict[str, Any], kind: ExecType, **told: Any) -> Reported:
        reported = self._report(order, kind, **told)
        self._live.append((order, reported.report.exec_id))
        return reported

    def _report(self, order: dict[str, Any], kind: ExecType, **told: Any) -> Reported:
        self._seq += 1
        report = ExecutionReport(
            epoch=self._epoch,
            seq=self._seq,
            exec_id=f"{self._epoch}-{self._seq}",
            exec_type=kind,
            status=PARTLY,
            quantity_e8=TOTAL_E8,
            cum_quantity_e8=0,
            leaves_quantity_e8=0,
            transacted_at_us=time.time_ns() // 1000,
            **order,
            **told,
        )
        return Reported(report)


def listed(row: Instrument) -> Listed:
    return Listed(
        instrument_id=row.engine_instrument_id,
        symbol=row.symbol,
        exchange=row.exchange,
        shard="0",
        tick_e8=to_e8(row.tick),
        lot_e8=to_e8(row.lot),
    )


def trade(count: int) -> dict[str, Any]:
    """Through the ledger, batch by batch; the engine's sums are not told, so its alarms are not either."""
    logging.disable(logging.WARNING)
    table = [listed(row) for row in Instrument.objects.filter(active=True).order_by("symbol")]
    accounts = list(User.objects.filter(account__isnull=False).values_list("account__name", flat=True).order_by("id"))
    ledger = Ledger("", command_deadline_us=2_000_000)
    epoch = EngineCursor.objects.get().epoch + 1
    settle(ledger, LinkUp(epoch, 2**40, {each.symbol: each for each in table}))
    engine = Engine(epoch, accounts, table)
    for start in range(0, count, AT_ONCE):
        settle(ledger, *(engine.says() for _ in range(min(AT_ONCE, count - start))))
    ledger.give_back()
    live = Execution.objects.filter(status="live").count()
    return {"executions": Execution.objects.count(), "live": live, "positions": Position.objects.count()}


def settle(ledger: Ledger, *inputs: Any) -> None:
    for settled in ledger.settle(inputs, time.time_ns() // 1000):
        if not isinstance(settled, Settled) or settled.draft.quarantined:
            raise LookupError("The ledger did not take a report.")


def rows() -> dict[str, Any]:
    found = Position.objects.order_by("account__name", "symbol").values_list(*COLUMNS)
    return {"rows": [[str(value) for value in row] for row in found]}


def forget() -> dict[str, Any]:
    before = rows()
    Position.objects.all().delete()
    return before


def main(words: list[str]) -> dict[str, Any]:
    match words:
        case ["trade", count]:
            return trade(int(count))
        case ["forget"]:
            return forget()
        case ["rows"]:
            return rows()
    raise SystemExit(__doc__)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
