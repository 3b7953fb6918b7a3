"""A real engine and a real order bridge, each a process of its own, on a data directory of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import psutil

from bridge.simulator.journal import RecordKind, read_journal
from bridge.sockets.curve import KeyRing
from bridge.sockets.pump import Pump
from bridge.wire.messages import ExecutionReport, NewOrder
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.client import OrderClient
from orders.ledger.lease import LeaseView
from orders.requests import (
    BridgeAnswer,
    BridgeQuery,
    Caller,
    CancelAllAnswer,
    CancelAllOrders,
    CancelOrder,
    OrderAnswer,
    PlaceOrder,
    ReplaceOrder,
)
from tests.bridge.waiting import until
from tests.secrets_in_logs import assert_no_secrets
from tradingmw.errors import TradingError
from tradingmw.supervisor.addresses import HOST, Ports

ROOT = Path(__file__).resolve().parents[3]
E8 = 10**8
ANY_PRICE = 1_000_000
SET_UP = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from accounts.models import Account, Desk, User
from bridge.sockets.curve import make_keys
from tradingmw.env import env
desk = Desk.objects.create(name="alpha")
account = Account.objects.create(name="ann", desk=desk)
User.objects.create(username="ann", email="ann@desk.example", account=account, desk=desk)
for name in ("rita", "rob"):
    User.objects.create(username=name, email=f"{name}@desk.example")
make_keys(env().keys)
"""
A = TypeVar("A")


def make_template(directory: Path) -> Path:
    """A data directory with a migrated database, a trader, two others and keys; copied for each that needs its own."""
    environment = {
        **plain_environment(),
        "TMW_DATA_DIR": str(directory),
        "DJANGO_SETTINGS_MODULE": "tradingmw.settings",
    }
    subprocess.run([sys.executable, "-c", SET_UP], env=environment, cwd=ROOT, check=True, timeout=120)
    return directory


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}


class Processes:
    """`start` and `kill` "engine", "feed", "orders", or "standby" and "second": order bridges on their own addresses;
    "runaway": one with a fault.

    Ask the bridge as a web process does; read what all kept.
    """

    def __init__(self, template: Path, directory: Path) -> None:
        self.directory = directory
        shutil.copytree(template, directory)
        self._ports = Ports()
        addresses = {name: f"tcp://{HOST}:{self._ports.choose()}" for name in ADDRESSES}
        self.environment = {
            **plain_environment(),
            **addresses,
            "TMW_DATA_DIR": str(directory),
            "TMW_SUPERVISED": "1",
        }
        self.addresses = {name: f"tcp://{HOST}:{self._ports.choose()}" for name in ("standby", "second")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._pump = Pump()
        keys = KeyRing(directory / "keys")
        self.client = OrderClient(self._pump, keys, addresses["TMW_ORDER_REQUESTS"], deadline_seconds=2.5)
        self.caller = self._caller()

    # --- processes -------------------------------------------------------------------------------------------------
    def start(self, name: str, *flags: str, **settings: str) -> None:
        """At once, with more settings if need be; `wait_live` tells when all are there."""
        words = PROGRAMS.get(name, [str(ROOT / "manage.py"), *WORDS.get(name, [])])
        own = {"TMW_ORDER_REQUESTS": self.addresses[name]} if name in self.addresses else {}
        with (self.directory / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, *words, *flags],
                env={**self.environment, **own, **settings},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """kill -9"""
        process = self._running.pop(name)
        process.kill()
        process.wait()
        close_pipe(process)

    def close_input(self, name: str) -> None:
        """A supervised process stops when its standard input ends."""
        close_pipe(self._running[name])

    def take_lease(self) -> None:
        """As another bridge would, whose address is another."""
        database = sqlite3.connect(self.directory / "tradingmw.sqlite3", timeout=10)
        with database:
            database.execute("UPDATE orders_lease SET fence = fence + 1")
        database.close()

    def address_of(self, name: str) -> str:
        """Where this order bridge is asked."""
        return self.addresses.get(name, self.environment["TMW_ORDER_REQUESTS"])

    @property
    def standby_address(self) -> str:
        return self.addresses["standby"]

    def lease(self) -> LeaseView:
        ((fence, renewed, holder_address),) = self.rows("SELECT fence, renewed, holder_address FROM orders_lease")
        return LeaseView(fence, renewed, holder_address)

    def follow_holder(self) -> None:
        """As a web process does, which looks four times a second."""
        if address := self.lease().holder_address:
            self.client.follow(address)

    def process(self, name: str) -> psutil.Process:
        return psutil.Process(self._running[name].pid)

    def exit_code(self, name: str) -> int | None:
        return self._running[name].poll()

    def end(self) -> None:
        for name in list(self._running):
            self.kill(name)
        self.client.close()
        self._pump.close()
        self._ports.close()
        assert_no_secrets(self.directory, self.environment)

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_live(self) -> BridgeAnswer:
        return until(self._live, f"a live bridge\n{self.log('orders')[-2000:]}")

    def _live(self) -> BridgeAnswer | None:
        state = self.state()
        return state if state is not None and state.live else None

    def state(self) -> BridgeAnswer | None:
        """None where no bridge answers."""
        try:
            return self.ask(self.client.ask(BridgeQuery(request_id=1, deadline_us=0), BridgeAnswer))
        except TradingError:
            return None

    def refusal(self, client_order_id: str) -> TradingError | None:
        """Of an order that is placed now; None where it was taken, or nobody was there to refuse it."""
        try:
            self.ask(self.place(client_order_id, price=1))
        except TradingError as error:
            return None if "cannot be reached" in error.detail else error
        return None

    # --- as a web process ------------------------------------------------------------------------------------------
    def ask(self, asking: Coroutine[Any, Any, A]) -> A:
        return asyncio.run(asking)

    def order(self, client_order_id: str, **fields: Any) -> PlaceOrder:
        """Buys 10 AAPL at any price at once, and needs no market data; `price` makes it wait for that."""
        price = fields.pop("price", None)
        plain: dict[str, Any] = {
            "symbol": "AAPL",
            "side": Side.BUY,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.DAY if price else TimeInForce.IOC,
            "quantity_e8": 10 * E8,
            "price_e8": (price or ANY_PRICE) * E8,
        }
        return PlaceOrder(
            request_id=1, deadline_us=0, caller=self.caller, client_order_id=client_order_id, **{**plain, **fields}
        )

    async def place(self, client_order_id: str, *, wait_seconds: float = 0, **fields: Any) -> OrderAnswer:
        wait_until_us = time.time_ns() // 1000 + int(wait_seconds * 1_000_000) if wait_seconds else 0
        order = self.order(client_order_id, wait_until_us=wait_until_us, **fields)
        return await self.client.ask(order, OrderAnswer, wait_seconds=wait_seconds)

    async def replace(self, order_id: str, *, quantity: int | None = None, price: int | None = None) -> OrderAnswer:
        terms: dict[str, Any] = {"quantity_e8": quantity and quantity * E8, "price_e8": price and price * E8}
        request = ReplaceOrder(request_id=1, deadline_us=0, caller=self.caller, order_id=uuid.UUID(order_id), **terms)
        return await self.client.ask(request, OrderAnswer)

    async def cancel(self, order_id: str) -> OrderAnswer:
        request = CancelOrder(request_id=1, deadline_us=0, caller=self.caller, order_id=uuid.UUID(order_id))
        return await self.client.ask(request, OrderAnswer)

    async def cancel_all(self) -> CancelAllAnswer:
        request = CancelAllOrders(request_id=1, deadline_us=0, caller=self.caller)
        return await self.client.ask(request, CancelAllAnswer)

    # --- what was kept ---------------------------------------------------------------------------------------------
    def rows(self, sql: str) -> list[Any]:
        database = sqlite3.connect(self.directory / "tradingmw.sqlite3", timeout=10)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def status_of(self, client_order_id: str) -> str:
        (row,) = self.rows(f"SELECT status FROM orders_order WHERE client_order_id = '{client_order_id}'")
        return str(row[0])

    def statuses(self) -> dict[str, str]:
        return dict(self.rows("SELECT client_order_id, status FROM orders_order"))

    def journal(self, kind: RecordKind) -> list[Any]:
        """Commands or reports of the engine's journal, as messages."""
        records = read_journal(self.directory / "engine")
        return [record.message() for record in records if record.kind is kind]

    def received(self) -> list[NewOrder]:
        return [message for message in self.journal(RecordKind.COMMAND) if isinstance(message, NewOrder)]

    def reported(self) -> dict[str, list[ExecutionReport]]:
        by_order: dict[str, list[ExecutionReport]] = {}
        for report in self.journal(RecordKind.REPORT):
            by_order.setdefault(report.client_order_id, []).append(report)
        return by_order

    def _caller(self) -> Caller:
        ((user, account, desk),) = self.rows("SELECT id, account_id, desk_id FROM accounts_user WHERE username = 'ann'")
        ids: dict[str, Any] = {"user": uuid.UUID(user), "account": uuid.UUID(account), "desk": uuid.UUID(desk)}
        return Caller(account_name="ann", desk_name="alpha", **ids)


ADDRESSES = [
    "TMW_ENGINE_MARKET_DATA",
    "TMW_ENGINE_COMMANDS",
    "TMW_ENGINE_QUERIES",
    "TMW_ENGINE_WORK",
    "TMW_ORDER_REQUESTS",
    "TMW_FEED_STATE",
    "TMW_LAYER_PUBLISH",
    "TMW_LAYER_SUBSCRIBE",
]
WORDS = {
    "engine": ["engine", "--seed", "1"],
    "orders": ["bridge", "--role", "orders"],
    "feed": ["bridge", "--role", "feed"],
    "standby": ["bridge", "--role", "orders", "--standby"],
    "second": ["bridge", "--role", "orders"],
}
PROGRAMS = {"runaway": ["-m", "tests.orders.bridge.runaway"]}  #: others than ours
Make = Callable[..., Processes]


def close_pipe(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
