"""An engine without sockets: a quiet market, a desk, and commands made in sight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from bridge.simulator.actions import Action, Operation, Place
from bridge.simulator.commands import CommandDesk
from bridge.simulator.desk import Desk, Emit
from bridge.simulator.exchange import Exchange
from bridge.simulator.journal import Journal
from bridge.simulator.listings import Listing
from bridge.simulator.server import opened_history
from bridge.wire.codec import decode_from_engine
from bridge.wire.market import Depth, Quote, Trade
from bridge.wire.messages import (
    CancelOrder,
    ExecutionReport,
    MassCancel,
    NewOrder,
    OrderStatusRequest,
    ReplaceOrder,
)
from bridge.wire.vocabulary import OrderType, Side, TimeInForce

E8 = 100_000_000
NAMESPACE = UUID("5f0c4b1e-7d3a-4a66-9a7b-0f6b2c1d9e11")
OPENED: list[Journal] = []  #: by the running test
LATER_US = 10**16
LISTINGS = (Listing(1, "AAA", "XNAS"), Listing(2, "BBB", "XNYS"))


class QuietMarket:
    """Does what it is given, all of it on instrument 1 unless told otherwise."""

    def __init__(self, *actions: Action, listings: tuple[Listing, ...] = LISTINGS) -> None:
        self.listings = listings
        self._actions = actions

    def actions(self) -> Iterator[Action]:
        return iter(self._actions)


class Tape:
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.quotes: list[Quote] = []
        self.trades: list[Trade] = []
        self.events: list[list[Depth]] = []

    def quote(self, listing: Listing, row: Quote) -> None:
        self.quotes.append(row)

    def trade(self, listing: Listing, row: Trade) -> None:
        self.trades.append(row)

    def depth(self, listing: Listing, rows: list[Depth]) -> None:
        self.events.append(rows)


class Room:
    """One life of an engine on `directory`. Times are given, in microseconds; reports are collected decoded."""

    def __init__(
        self, directory: Path, market: QuietMarket | None = None, *, now_us: int = 1_000, emit: Emit | None = None
    ) -> None:
        self.now_us = now_us
        self.tape = Tape()
        self.frames: list[tuple[bytes, bytes]] = []
        history, self.journal = opened_history(directory, now_us, forget=False)
        OPENED.append(self.journal)
        self.log = history.log
        self.exchange = Exchange(market or QuietMarket(), self.tape)
        self.desk = Desk(self.exchange, history.orders, history.log, self.journal, emit or self.frames.append)
        self.commands = CommandDesk(self.desk)
        for order in history.orders.open_orders():
            self.desk.reopen(order, now_us)

    @property
    def reports(self) -> list[ExecutionReport]:
        messages = [decode_from_engine(frames) for frames in self.frames]
        return [message for message in messages if isinstance(message, ExecutionReport)]

    def said(self, name: str) -> list[str]:
        """What was reported of the order, in order."""
        return [report.exec_type.value for report in self.reports if report.client_order_id == name]

    def act(self, *operations: Operation, instrument_id: int = 1) -> None:
        board = self.exchange.boards[instrument_id]
        self.desk.market_moved(board, board.act(operations, self.now_us), self.now_us)

    def send(self, command: Any) -> Any:
        """Journal and answer, as the reception does."""
        return self.commands.answer(command, self.now_us)

    def new(self, name: str, side: str = "buy", quantity: int = 100, price: int | None = 10_000, **more: Any) -> Any:
        return self.send(new_order(name, side, quantity, price, **more))

    def book(self, instrument_id: int = 1) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks) in ticks and units, best first."""
        matcher = self.exchange.boards[instrument_id].matcher
        return list(matcher.bids.best_first()), list(matcher.asks.best_first())


def order_id(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


def new_order(name: str, side: str = "buy", quantity: int = 100, price: int | None = 10_000, **more: Any) -> NewOrder:
    """An order for AAA; `price` and `stop` in ticks of a cent, `quantity` in shares."""
    stop = more.pop("stop", None)
    kind = {(True, False): "limit", (False, False): "market", (False, True): "stop", (True, True): "stop_limit"}
    values: dict[str, Any] = {
        "session": 1,
        "command_seq": 1,
        "deadline_us": LATER_US,
        "order_id": order_id(name),
        "account": "acc",
        "client_order_id": name,
        "instrument_id": 1,
        "side": Side(side),
        "order_type": OrderType(kind[price is not None, stop is not None]),
        "time_in_force": TimeInForce.DAY,
        "quantity_e8": quantity * E8,
        "price_e8": None if price is None else price * 1_000_000,
        "stop_price_e8": None if stop is None else stop * 1_000_000,
    }
    return NewOrder(**values | more)


def about(kind: type[Any], name: str, **more: Any) -> Any:
    """A CancelOrder, ReplaceOrder or OrderStatusRequest for the order."""
    values: dict[str, Any] = {"session": 1, "command_seq": 2, "deadline_us": LATER_US}
    return kind(**values | {"order_id": order_id(name), "account": "acc", "client_order_id": name} | more)


def cancel(name: str, **more: Any) -> CancelOrder:
    return about(CancelOrder, name, **more)  # type: ignore[no-any-return]


def replace(name: str, **more: Any) -> ReplaceOrder:
    return about(ReplaceOrder, name, **more)  # type: ignore[no-any-return]


def status(name: str, **more: Any) -> OrderStatusRequest:
    return about(OrderStatusRequest, name, **more)  # type: ignore[no-any-return]


def mass_cancel(scope: Any, target: str | None = None) -> MassCancel:
    return MassCancel(session=1, command_seq=3, deadline_us=LATER_US, scope=scope, target=target)


def ask(key: str, ticks: int, units: int) -> Place:
    return Place(key, False, ticks, units)


def bid(key: str, ticks: int, units: int) -> Place:
    return Place(key, True, ticks, units)
