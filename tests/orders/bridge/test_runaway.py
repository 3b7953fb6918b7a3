"""A core that hands over fifty times what it has journalled: what reaches the engine, and how soon does it end?

Two processes, as in `test_bridge.py`; the order bridge's core has the fault of `runaway.py`. The engine's journal
counts what arrived, copies that it would refuse included.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bridge.simulator.journal import RecordKind
from bridge.wire.messages import CancelOrder
from tests.bridge.waiting import until
from tests.orders.bridge.processes import Processes
from tests.orders.bridge.runaway import TIMES
from tests.scoreboard import Measured
from tradingmw.errors import Code, TradingError

pytestmark = pytest.mark.alone
BURST = 20


@pytest.fixture(scope="module")
def pair(make_processes: Callable[[], Processes]) -> Processes:
    pair = make_processes()
    pair.start("engine")
    pair.start("runaway")
    until(lambda: (state := pair.state()) and state.live, "a live bridge")
    return pair


@pytest.fixture(scope="module")
def stopped(pair: Processes) -> dict[str, Any]:
    """What the bridge and the engine say once the fault has shown itself in a burst of orders."""
    good = pair.ask(pair.place("good", wait_seconds=5, price=1)).order
    began = time.monotonic()
    outcomes = pair.ask(burst(pair))
    state = until(lambda: found if (found := pair.state()) and found.tripped else None, "the trip")
    return {"good": good, "outcomes": outcomes, "state": state, "seconds": time.monotonic() - began}


async def burst(pair: Processes) -> list[Any]:
    placing = [pair.place(f"runaway-{number}", price=1) for number in range(BURST)]
    return await asyncio.gather(*placing, return_exceptions=True)


def arrived(pair: Processes) -> Counter[str]:
    return Counter(order.client_order_id for order in pair.received())


def test_a_runaway_is_stopped_before_a_copy_leaves(
    pair: Processes, stopped: dict[str, Any], measured: Measured
) -> None:
    counted = arrived(pair)
    extra = sum(times - 1 for times in counted.values())
    measured(14, f"runaway, {BURST} orders handed over {TIMES} times: copies at the engine", extra, "≤ 1")
    measured(14, "runaway: from the first of them until nothing new leaves", f"{stopped['seconds']:.2f} s", "≤ 1 s")
    assert extra <= 1
    assert stopped["seconds"] <= 1
    assert counted["good"] == 1
    assert counted.total() <= 1 + BURST


def test_what_left_is_what_was_journalled(pair: Processes, stopped: dict[str, Any]) -> None:
    """By the rows of the database and the journal of the engine: session, number, order, quantity and price."""
    rows = pair.rows("SELECT session, seq, order_id, quantity, price FROM orders_enginecommand")
    journalled = {(session, seq, order_id, quantity, price) for session, seq, order_id, quantity, price in rows}
    for order in pair.received():
        terms = (order.session, order.command_seq, order.order_id.hex, order.quantity_e8, order.price_e8)
        assert terms in journalled


def test_no_order_is_left_in_doubt(pair: Processes, stopped: dict[str, Any]) -> None:
    """What had not left is told as not sent; what had left works at the engine."""

    def settled() -> bool:
        return set(pair.statuses().values()) <= {"new", "denied", "rejected"}

    until(settled, f"the end of all doubt: {pair.statuses()}")
    at_engine = arrived(pair)
    assert {name for name, status in pair.statuses().items() if status == "new"} == set(at_engine)


def test_new_orders_are_refused_with_the_reason_and_nothing_is_written(
    pair: Processes, stopped: dict[str, Any]
) -> None:
    before = len(pair.statuses())
    with pytest.raises(TradingError) as refusal:
        pair.ask(pair.place("after", price=1))
    assert refusal.value.code is Code.ORDERS_STOPPED
    assert "has left before" in refusal.value.detail
    assert len(pair.statuses()) == before


def test_a_change_is_refused_and_a_cancel_is_taken(pair: Processes, stopped: dict[str, Any]) -> None:
    order_id = stopped["good"]["id"]
    with pytest.raises(TradingError) as refusal:
        pair.ask(pair.replace(order_id, quantity=20))
    assert refusal.value.code is Code.ORDERS_STOPPED
    pair.ask(pair.cancel(order_id))
    until(lambda: pair.status_of("good") == "canceled", "the cancel")
    cancels = [each for each in pair.journal(RecordKind.COMMAND) if isinstance(each, CancelOrder)]
    assert str(cancels[0].order_id) == order_id


def test_people_are_called(pair: Processes, stopped: dict[str, Any]) -> None:
    assert "Nothing new is sent to the engine any more" in pair.log("runaway")
    assert stopped["state"].live, "the engine's link is as well as before"


def test_a_restart_lets_orders_leave_again(pair: Processes, stopped: dict[str, Any]) -> None:
    pair.kill("runaway")
    pair.start("orders")
    pair.wait_live()
    order = pair.ask(pair.place("again", wait_seconds=5, price=1)).order
    assert order["status"] == "new"
    assert arrived(pair)["again"] == 1
