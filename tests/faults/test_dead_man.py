"""What becomes of open orders when nobody is left who could cancel them, and when a bridge is stopped on purpose?"""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import RejectCode
from tests.bridge.waiting import until
from tests.orders.bridge.processes import Processes
from tests.scoreboard import Measured
from tradingmw.errors import OutcomeUnknown, Unavailable

ORDERS = 5
SHORT_SECONDS = 2
SET_SECONDS, FROZEN_SECONDS = 15, 20  #: what the promise is about
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")


def test_orders_stay_after_a_stop_and_end_when_the_bridge_stands_still(processes: Processes) -> None:
    begin(processes, SHORT_SECONDS)
    processes.close_input("orders")
    until(lambda: processes.exit_code("orders") is not None, "the end of the bridge")
    passed(time.time() + SHORT_SECONDS + 1)
    assert ended(processes) == []
    begin(processes, SHORT_SECONDS)
    stand_still(processes, SHORT_SECONDS)


@pytest.mark.long
def test_orders_end_fifteen_seconds_after_the_last_sign_of_the_bridge(processes: Processes, measured: Measured) -> None:
    begin(processes, SET_SECONDS)
    frozen_at = time.time()
    after = stand_still(processes, SET_SECONDS, frozen_at + FROZEN_SECONDS)
    taken = len(processes.received()) - ORDERS
    measured(12, "order bridge frozen: the dead-man fired after, s (14 or more)", round(after), "≤ 16")
    measured(12, f"of {ORDERS} orders asked for meanwhile, at the engine after the bridge woke up", taken, "0")
    assert taken == 0


def begin(processes: Processes, seconds: int) -> None:
    """A live bridge, and orders that rest."""
    if not processes.directory.joinpath("engine.log").exists():
        processes.start("engine")
    processes.start("orders", TMW_DEAD_MAN_SECONDS=str(seconds))
    processes.wait_live()
    for number in range(ORDERS):
        processes.ask(processes.place(f"resting-{number}", price=1, wait_seconds=5))


def stand_still(processes: Processes, seconds: int, until_at: float = 0) -> float:
    """How many seconds after the bridge was frozen the orders ended; it wakes up and learns of it."""
    frozen_at = time.time()
    processes.process("orders").suspend()
    ask_in_vain(processes)
    until(lambda: len(ended(processes)) == ORDERS, "the end of the orders")
    after = ended(processes)[0].transacted_at_us / 1_000_000 - frozen_at
    assert abs(round(after) - seconds) <= 1
    passed(until_at)
    processes.process("orders").resume()
    processes.wait_live()
    until(lambda: set(processes.statuses().values()) == {"canceled"}, "the word of it")
    told = processes.rows("SELECT status_details FROM orders_orderhistory WHERE kind = 'order_canceled'")
    assert len(told) == ORDERS and all("BRIDGE_SILENT" in details for (details,) in told)
    return after


def ask_in_vain(processes: Processes) -> None:
    """Of a bridge that stands still: it finds the questions when it wakes up."""

    async def together() -> list[object]:
        asked = [processes.place(f"in-vain-{number}", price=1) for number in range(ORDERS)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    answers = processes.ask(together())
    assert all(isinstance(answer, OutcomeUnknown | Unavailable) for answer in answers), answers


def ended(processes: Processes) -> list[ExecutionReport]:
    return [report for report in reports(processes) if report.code is RejectCode.BRIDGE_SILENT]


def reports(processes: Processes) -> list[ExecutionReport]:
    return [report for told in processes.reported().values() for report in told]


def passed(at: float) -> None:
    """That nothing happened until then is what is looked at."""
    until(lambda: time.time() >= at, "the time")
