"""How fast is a kill with 1,000 open orders while 200 more a second come in? At an engine that is well and a slow one.

There is no channel layer at all beside these processes. What left behind the closed gate is counted where it would have
arrived: the engine writes down what comes on the one connection in its order.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bridge.simulator.journal import Record, RecordKind, read_journal
from bridge.wire.messages import ExecutionReport, MassCancel, NewOrder
from bridge.wire.vocabulary import ExecType
from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from orders.requests import OrderAnswer, SetTradingState, TradingStateAnswer
from tests.bridge.waiting import until
from tests.orders.bridge.kills import wanted
from tests.orders.bridge.processes import Processes
from tests.scoreboard import Measured
from tradingmw.errors import TradingError

pytestmark = [pytest.mark.alone, pytest.mark.timeout(120)]
OPEN, PER_SECOND, AT_ONCE = 1_000, 200, 50
BEFORE_SECONDS, AFTER_SECONDS = 1.0, 1.5
GATE_MS, CANCELED_MS = 100, 1_000
SLOW_STEP_SECONDS = 0.02  #: it works for one, stands still for four of these
OPEN_NOW = (
    "SELECT COUNT(*) FROM orders_order WHERE status NOT IN ('canceled', 'filled', 'denied', 'rejected', 'expired')"
)

KILLED = "SELECT COUNT(*) FROM orders_order WHERE client_order_id LIKE 'open-%' AND status = 'canceled'"
LAST_BOOKED = (
    "SELECT MAX((julianday(timestamp) - 2440587.5) * 86400.0) FROM orders_orderhistory WHERE status = 'canceled'"
)


@contextmanager
def slowed(pair: Processes) -> Iterator[None]:
    """The engine gets a fifth of the time."""
    engine, ended = pair.process("engine"), threading.Event()

    def slow() -> None:
        while not ended.wait(SLOW_STEP_SECONDS):
            engine.suspend()
            ended.wait(4 * SLOW_STEP_SECONDS)
            engine.resume()

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def rest(pair: Processes, count: int) -> None:
    """So many orders far from the market."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await pair.place(f"open-{number}", price=1)

    await asyncio.gather(*(one(number) for number in range(count)))


class Flow:
    """Orders at a steady pace; `answers` by when they were asked for, None: refused."""

    def __init__(self, pair: Processes) -> None:
        self._pair = pair
        self.answers: list[tuple[int, OrderAnswer | None]] = []

    async def run(self, seconds: float) -> None:
        began, numbers = time.monotonic(), itertools.count()
        asking = []
        while (now := time.monotonic() - began) < seconds:
            number = next(numbers)
            asking.append(asyncio.create_task(self._one(f"flow-{number}")))
            await asyncio.sleep(max(0.0, number / PER_SECOND - now))
        await asyncio.gather(*asking)

    async def _one(self, name: str) -> None:
        asked_us = time.time_ns() // 1000
        try:
            answer = await self._pair.place(name, price=1)
        except TradingError:
            self.answers.append((asked_us, None))
        else:
            self.answers.append((asked_us, answer))


async def killed_in_the_flow(pair: Processes, flow: Flow) -> tuple[int, int, TradingStateAnswer]:
    """When it was asked for and answered, and the answer."""
    running = asyncio.create_task(flow.run(BEFORE_SECONDS + AFTER_SECONDS))
    await asyncio.sleep(BEFORE_SECONDS)
    asked_us = time.time_ns() // 1000
    request = SetTradingState(request_id=1, deadline_us=0, wanted=wanted(pair, TradingState.HALTED, Scope.FIRM))
    answer = await pair.client.ask(request, TradingStateAnswer)
    answered_us = time.time_ns() // 1000
    await running
    return asked_us, answered_us, answer


def journal(pair: Processes) -> list[Record]:
    return list(read_journal(pair.directory / "engine"))


@pytest.mark.parametrize("engine", ["well", "slow"])
def test_a_kill_is_in_force_and_sent_at_once(
    make_processes: Callable[[], Processes], measured: Measured, engine: str
) -> None:
    pair = make_processes()
    pair.start("engine")
    pair.start("orders")
    pair.wait_live()
    pair.ask(rest(pair, OPEN))
    until(lambda: pair.rows("SELECT COUNT(*) FROM orders_order WHERE status = 'new'") == [(OPEN,)], "open orders")
    flow = Flow(pair)
    if engine == "slow":
        with slowed(pair):
            asked_us, answered_us, answer = pair.ask(killed_in_the_flow(pair, flow))
            unconfirmed = pair.rows(OPEN_NOW)[0][0]
    else:
        asked_us, answered_us, answer = pair.ask(killed_in_the_flow(pair, flow))
        unconfirmed = pair.rows(OPEN_NOW)[0][0]
    until(lambda: pair.rows(OPEN_NOW) == [(0,)], "the end of all open orders", 60)
    records = journal(pair)
    first = next(at for at, one in enumerate(records) if is_a(one, MassCancel))
    later = sum(is_a(one, NewOrder) for one in records[first:])
    ends = [one.at_us for one in records if is_end(one)]
    gate_ms = round((answer.timing.decided_us - asked_us) / 1000, 1)
    sent_ms = round((records[first].at_us - asked_us) / 1000, 1)
    ended_ms = round((max(ends) - asked_us) / 1000)
    measured(13, f"engine {engine}: gate closed after the request, ms", gate_ms, f"≤ {GATE_MS}")
    measured(13, f"engine {engine}: answered, ms", round((answered_us - asked_us) / 1000, 1), "told")
    measured(13, f"engine {engine}: mass cancel at the engine, ms", sent_ms, f"≤ {CANCELED_MS}")
    measured(13, f"engine {engine}: new orders at the engine behind it", later, "0")
    measured(
        13,
        f"engine {engine}: orders that it ended; the last one, ms",
        f"{len(ends)}; {ended_ms}",
        f"≥ {OPEN}; ≤ {CANCELED_MS}",
    )
    booked_ms = round((pair.rows(LAST_BOOKED)[0][0] - asked_us / 1_000_000) * 1000)
    measured(13, f"engine {engine}: the last of them ended here, ms", booked_ms, f"≤ {CANCELED_MS}")
    measured(13, f"engine {engine}: unconfirmed orders listed 1.5 s later", unconfirmed, "told")
    assert gate_ms <= GATE_MS and sent_ms <= CANCELED_MS and not later
    assert max(ended_ms, 0 if engine == "slow" else booked_ms) <= CANCELED_MS and pair.rows(KILLED)[0][0] >= OPEN
    assert answer.recorded and not accepted_later(flow, answered_us)


def is_a(record: Record, kind: type[object]) -> bool:
    return record.kind is RecordKind.COMMAND and isinstance(record.message(), kind)


def is_end(record: Record) -> bool:
    message = record.message() if record.kind is RecordKind.REPORT else None
    return isinstance(message, ExecutionReport) and message.exec_type is ExecType.CANCELED


def accepted_later(flow: Flow, answered_us: int) -> list[str]:
    """Orders asked for behind the kill's answer that were not stopped."""
    later = [answer.order for asked_us, answer in flow.answers if asked_us > answered_us and answer is not None]
    assert later or any(asked_us > answered_us for asked_us, _ in flow.answers), "Orders were asked for behind it."
    return [order["clientOrderId"] for order in later if order["status"] != "denied"]
