"""What does the gate cost? The real core over a book in memory, with it and without it in turns.

    python -m bench.gate_process 200

Says as one JSON object how many µs of processor time an order took to be decided and adopted: the median of rounds.
What is added is the median of what was added in each round.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from msgspec.structs import replace

from bridge.wire.messages import ExecutionReport, Instrument
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, Side, TimeInForce
from orders.core import admitting, draft
from orders.core.book import Book, LinkView, Phase
from orders.core.decide import decide
from orders.core.inputs import Input, Place, Reported, Ticket
from orders.core.limits import Limit, Rule
from orders.core.marks import Mark
from orders.core.scopes import FIRM, Scope, Target
from orders.core.state import Cursor, OrderState
from orders.requests import Caller, PlaceOrder

E8: Final = 10**8
NOW_US: Final = 1_795_000_000_000_000
LATER_US: Final = NOW_US + 10**12
OPEN, ROUNDS, BATCH = 1_000, 31, 16
SYMBOLS: Final = ("AAPL", "MSFT", "GOOG", "FB", "IBM")
INSTRUMENTS: Final = {
    symbol: Instrument(instrument_id=number, symbol=symbol, exchange="XNAS", shard="0", tick_e8=10**6, lot_e8=E8)
    for number, symbol in enumerate(SYMBOLS, 1)
}
MARKS: Final = {symbol: Mark(150 * E8, 150 * E8 + 10**6, 150 * E8, NOW_US, False) for symbol in SYMBOLS}
DESKS: Final = [uuid.UUID(int=100 + number) for number in range(2)]
TRADERS: Final = [
    Caller(
        user=uuid.UUID(int=number),
        account=uuid.UUID(int=1_000 + number),
        account_name=f"trader{number}",
        desk=DESKS[number % 2],
        desk_name=f"desk{number % 2}",
        session=uuid.UUID(int=2_000 + number),
    )
    for number in range(1, 11)
]
ME: Final = TRADERS[0]
MUCH: Final = 10**17
#: as a desk has them: rule, whom for, value; all hold
SHEET: Final = [
    (Rule.PRICE_COLLAR, FIRM, 10 * 10**4),
    (Rule.MAX_ORDER_NOTIONAL, FIRM, MUCH),
    (Rule.MAX_OPEN_NOTIONAL, FIRM, MUCH),
    (Rule.MAX_OPEN_ORDERS, FIRM, 10**7),
    (Rule.ORDER_RATE, FIRM, 10**6),
    (Rule.MAX_ORDER_QUANTITY, Target(Scope.SYMBOL, "AAPL"), MUCH),
    (Rule.MAX_POSITION, Target(Scope.SYMBOL, "AAPL"), MUCH),
    (Rule.PRICE_COLLAR, Target(Scope.SYMBOL, "AAPL"), 5 * 10**4),
    *[
        (rule, target, value)
        for target in (Target(Scope.DESK, str(ME.desk)), Target(Scope.USER, str(ME.user)))
        for rule, value in (
            (Rule.MAX_ORDER_NOTIONAL, MUCH),
            (Rule.MAX_OPEN_NOTIONAL, MUCH),
            (Rule.MAX_POSITION, MUCH),
            (Rule.MAX_OPEN_ORDERS, 10**7),
            (Rule.MAX_DAILY_ORDERS, 10**9),
            (Rule.DUPLICATE_ORDERS, 10**6),
        )
    ],
]
numbers = itertools.count(1)


class Bare:
    """A case at which nobody looks."""

    def __init__(self, _draft: draft.Draft, order: OrderState, **_how: bool) -> None:
        self.order = order


class Nothing:
    """Stands where the gate would count."""

    faults: tuple[()] = ()

    def __init__(self, *_sources: object) -> None:
        self.exposure = self.tempo = self.sheet = self

    def touch(self, _order_id: uuid.UUID) -> None: ...
    def placed(self, _order: OrderState) -> None: ...
    def adopt(self) -> None: ...


@contextmanager
def without_gate() -> Iterator[None]:
    parts = [(admitting, "Case", Bare), (admitting, "judge", lambda case: []), (draft, "GateDraft", Nothing)]
    real = [(module, name, getattr(module, name)) for module, name, _ in parts]
    for module, name, other in parts:
        setattr(module, name, other)
    try:
        yield
    finally:
        for module, name, own in real:
            setattr(module, name, own)


# --- the book --------------------------------------------------------------------------------------------------------
def placed(caller: Caller, symbol: str, side: Side = Side.BUY) -> Place:
    number = next(numbers)
    request = PlaceOrder(
        request_id=number,
        deadline_us=LATER_US,
        caller=caller,
        client_order_id=f"o-{number}",
        symbol=symbol,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.DAY,
        quantity_e8=100 * E8,
        price_e8=150 * E8,
    )
    return Place(Ticket(b"web", number), request, uuid.UUID(int=10**6 + number), f"token-{number}")


def empty_book() -> Book:
    book = Book(1, Cursor(1, 0))
    book.link = LinkView(phase=Phase.LIVE, epoch=1, asked_epoch=1)
    book.instruments, book.marks = INSTRUMENTS, MARKS
    book.limits = tuple(Limit(id=uuid.uuid4(), rule=rule, target=target, value=value) for rule, target, value in SHEET)
    return book


def open_orders() -> list[OrderState]:
    book = empty_book()
    for number in range(OPEN):
        side = Side.BUY if number % 2 else Side.SELL
        each = placed(TRADERS[number % len(TRADERS)], SYMBOLS[number % len(SYMBOLS)], side)
        decide(book, [each], NOW_US).adopt()
    return [replace(order, engine_epoch=1, status="new") for order in book.orders.values()]


def book_of(orders: Iterable[OrderState]) -> Book:
    """As after a start; the sums are made before anything is measured."""
    book = empty_book()
    for order in orders:
        book.learn(order)
    decide(book, [], NOW_US).adopt()
    return book


def fill_of(order: OrderState, seq: int) -> Reported:
    return Reported(
        ExecutionReport(
            epoch=1,
            seq=seq,
            exec_id=f"e-{seq}",
            exec_type=ExecType.TRADE,
            status=EngineOrderStatus.PARTIALLY_FILLED,
            order_id=order.id,
            account=order.account_name,
            client_order_id=order.client_order_id,
            external_order_id="X",
            instrument_id=1,
            symbol=order.symbol,
            side=order.side,
            quantity_e8=order.quantity_e8,
            price_e8=order.price_e8,
            cum_quantity_e8=E8,
            leaves_quantity_e8=order.quantity_e8 - E8,
            last_quantity_e8=E8,
            last_price_e8=150 * E8,
            transacted_at_us=NOW_US,
        )
    )


# --- the rounds ------------------------------------------------------------------------------------------------------
def us_each(book: Book, batches: Sequence[Sequence[Input]]) -> float:
    """Processor time of one input, decided and adopted."""
    began = time.process_time_ns()
    for batch in batches:
        decide(book, batch, NOW_US).adopt()
    return (time.process_time_ns() - began) / 1_000 / sum(map(len, batches))


def once(orders: Sequence[OrderState], count: int) -> dict[str, float]:
    mine = [placed(ME, "AAPL") for _ in range(2 * count)]
    fills = [[fill_of(order, seq)] for seq, order in enumerate(orders[:count], 1)]
    return {
        "place": us_each(book_of(orders), [[each] for each in mine[:count]]),
        "batch": us_each(book_of(orders), list(in_batches(mine[count:]))),
        "fill": us_each(book_of(orders), fills),
    }


def in_batches(inputs: Sequence[Input]) -> Iterator[Sequence[Input]]:
    for first in range(0, len(inputs), BATCH):
        yield inputs[first : first + BATCH]


def off(measured: Callable[[], dict[str, float]]) -> dict[str, float]:
    with without_gate():
        return measured()


def found(count: int) -> dict[str, float]:
    orders = open_orders()
    rounds: list[tuple[dict[str, float], dict[str, float]]] = []
    for number in range(ROUNDS):
        if number % 2:
            with_it, without = once(orders, count), off(lambda: once(orders, count))
        else:
            without, with_it = off(lambda: once(orders, count)), once(orders, count)
        rounds.append((with_it, without))
    told: dict[str, float] = {}
    for name in ("place", "batch", "fill"):
        told[f"{name}_on"] = statistics.median(on[name] for on, _ in rounds)
        told[f"{name}_off"] = statistics.median(without[name] for _, without in rounds)
        told[name] = statistics.median(on[name] - without[name] for on, without in rounds)
    return told


def main(words: list[str]) -> Any:
    print(json.dumps(found(int(words[0]))))


if __name__ == "__main__":
    main(sys.argv[1:])
