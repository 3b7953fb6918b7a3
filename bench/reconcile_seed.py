"""Open orders, in a database and in the journal of an engine that holds the same; one in twenty differs.

    TMW_DATA_DIR=… python -m bench.reconcile_seed 10000

Says as one JSON object how many differ in which way. Database and journal must not be in use, and hold a trader.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import uuid
from collections import Counter
from typing import Any, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from bridge.simulator.journal import Journal, RecordKind  # noqa: E402
from bridge.simulator.reports import ReportLog  # noqa: E402
from bridge.simulator.server import opened_history  # noqa: E402
from bridge.wire.codec import encode  # noqa: E402
from bridge.wire.messages import ExecutionReport, NewOrder  # noqa: E402
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, Side, TimeInForce  # noqa: E402
from orders.core.book import Book  # noqa: E402
from orders.core.draft import Draft  # noqa: E402
from orders.core.state import OrderState  # noqa: E402
from orders.ledger.lease import CURSOR_ID  # noqa: E402
from orders.ledger.writing import write  # noqa: E402
from orders.lifecycle import OrderEvent  # noqa: E402
from orders.models import EngineCursor  # noqa: E402
from tradingmw.env import env  # noqa: E402

E8 = 10**8
ONE_IN = 20
AT_ONCE = 500
#: what is wrong with each that differs, in turn
DIFFERENCES = ("lost_there", "not_here", "canceled_there", "ended_here", "filled_there", "changed_there")
REPAIRABLE = frozenset({"lost_there", "canceled_there", "changed_there"})


class Seed(NamedTuple):
    """The engine's side of one order; `difference` is empty where both sides agree."""

    order: OrderState
    difference: str


class EngineSide:
    """What the engine was told and has said, as its journal holds it."""

    def __init__(self, journal: Journal, log: ReportLog) -> None:
        self._journal, self._log = journal, log
        self._now_us = time.time_ns() // 1000

    def take(self, order: OrderState) -> None:
        command = NewOrder(
            session=1,
            command_seq=self._log.last_seq + 1,
            deadline_us=self._now_us + 2_000_000,
            **named(order),
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            quantity_e8=order.quantity_e8,
        )
        envelope, payload = encode(command)
        self._journal.append(RecordKind.COMMAND, self._now_us, 1, (envelope, payload))
        self.say(order, ExecType.NEW, EngineOrderStatus.NEW)

    def say(self, order: OrderState, kind: ExecType, status: EngineOrderStatus, **told: int) -> None:
        seq = self._log.last_seq + 1
        plain: dict[str, Any] = {
            "quantity_e8": order.quantity_e8,
            "cum_quantity_e8": 0,
            "leaves_quantity_e8": order.quantity_e8,
        }
        report = ExecutionReport(
            epoch=self._log.epoch,
            seq=seq,
            exec_id=f"{self._log.epoch}-{seq}",
            exec_type=kind,
            status=status,
            external_order_id=order.external_order_id,
            symbol=order.symbol,
            transacted_at_us=self._now_us,
            **{**named(order), **plain, **told},
        )
        self._log.append(report)

    def differ(self, seed: Seed) -> None:
        order, half_e8 = seed.order, seed.order.quantity_e8 // 2
        if seed.difference == "canceled_there":
            self.say(order, ExecType.CANCELED, EngineOrderStatus.CANCELED, leaves_quantity_e8=0)
        elif seed.difference == "changed_there":
            left = {"quantity_e8": half_e8, "leaves_quantity_e8": half_e8}
            self.say(order, ExecType.REPLACED, EngineOrderStatus.NEW, **left)
        elif seed.difference == "filled_there":
            traded = {"last_quantity_e8": half_e8, "last_price_e8": E8, "cum_quantity_e8": half_e8}
            partly = EngineOrderStatus.PARTIALLY_FILLED
            self.say(order, ExecType.TRADE, partly, leaves_quantity_e8=half_e8, **traded)


def named(order: OrderState) -> dict[str, Any]:
    """What every message about the order says of it."""
    return {
        "order_id": order.id,
        "account": order.account_name,
        "client_order_id": order.client_order_id,
        "instrument_id": 1,
        "side": order.side,
        "price_e8": order.price_e8,
    }


def seeds(count: int, epoch: int) -> list[Seed]:
    user = User.objects.select_related("account", "desk").filter(account__isnull=False).order_by("username")[0]
    account, desk, now_us = user.account, user.desk, time.time_ns() // 1000
    if account is None:
        raise LookupError("No user has an account.")
    made = []
    for number in range(count):
        client_order_id = f"seed-{uuid.uuid4().hex[:12]}-{number}"
        order = OrderState(
            id=uuid.uuid4(),
            user=user.id,
            account=account.id,
            account_name=account.name,
            desk=desk.id if desk else None,
            desk_name=desk.name if desk else None,
            client_order_id=client_order_id,
            fingerprint=hashlib.sha256(client_order_id.encode()).hexdigest(),
            symbol="AAPL",
            exchange="XNAS",
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity_e8=10 * E8,
            price_e8=E8,
            external_order_id=f"{epoch}-{number + 1}",
            created_at_us=now_us,
            updated_at_us=now_us,
        )
        made.append(Seed(order, DIFFERENCES[number // ONE_IN % len(DIFFERENCES)] if number % ONE_IN == 0 else ""))
    return made


def write_here(seed_list: list[Seed], epoch: int) -> None:
    """Accepted and acknowledged, as the order core writes it."""
    for start in range(0, len(seed_list), AT_ONCE):
        draft = Draft(Book(1), time.time_ns() // 1000)
        for seed in seed_list[start : start + AT_ONCE]:
            if seed.difference != "not_here":
                order = draft.happen(seed.order, OrderEvent.ACCEPTED)
                order = draft.happen(order, OrderEvent.ACKNOWLEDGED, engine_epoch=epoch)
                if seed.difference == "ended_here":
                    draft.happen(order, OrderEvent.CANCELED)
        with transaction.atomic(), connection.cursor() as cursor:
            write(draft, cursor)


def write_there(seed_list: list[Seed], side: EngineSide) -> None:
    for seed in seed_list:
        if seed.difference != "lost_there":
            side.take(seed.order)
            side.differ(seed)


def main(count: int) -> None:
    now_us = time.time_ns() // 1000
    history, journal = opened_history(env().data_dir / "engine", now_us, forget=False)
    made = seeds(count, history.log.epoch)
    write_there(made, EngineSide(journal, history.log))
    journal.commit(now_us)
    journal.close()
    write_here(made, history.log.epoch)
    place = {"epoch": history.log.epoch, "seq": history.log.last_seq}
    EngineCursor.objects.update_or_create(id=CURSOR_ID, defaults=place)
    print(json.dumps(Counter(seed.difference for seed in made if seed.difference)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
