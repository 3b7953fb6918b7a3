"""A core that hands over fifty times what it has journalled: what reaches the engine, and how soon does it end?

Two processes, as in `test_bridge.py`; the order bridge's core has the fault of `runaway.py`. The engine's journal
counts what arrived, copies that it would refuse included.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bridge.simulator.journal import RecordKind
from bridge.wire.messages import MassCancel
from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from orders.state_requests import SetTradingState, TradingStateAnswer, WantedState
from tests.bridge.waiting import until
from tests.orders.bridge.processes import Processes
from tests.orders.bridge.runaway import TIMES
from tests.orders.bridge.story import both_tell_the_same_story, settled
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
    pair.ask(burst(pair, "runaway"))
    state = until(lambda: found if (found := pair.state()) and found.tripped else None, "the trip")
    return {"good": good, "state": state, "seconds": time.monotonic() - began}


async def burst(pair: Processes, name: str) -> list[Any]:
    """Some of them are refused by then."""
    placing = [pair.place(f"{name}-{number}", price=1) for number in range(BURST)]
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
    """What had left is cancelled with all that the firm had at the engine, what had not is told as not sent."""
    names = set(pair.statuses())
    until(lambda: settled(pair, names), "the end of all doubt")
    both_tell_the_same_story(pair, names)
    assert pair.status_of("good") == "canceled"


def test_new_orders_are_refused_with_the_reason_and_nothing_is_written(
    pair: Processes, stopped: dict[str, Any]
) -> None:
    before = len(pair.statuses())
    with pytest.raises(TradingError) as refusal:
        pair.ask(pair.place("after", price=1))
    assert refusal.value.code is Code.ORDERS_STOPPED
    assert "has left before" in refusal.value.detail
    assert len(pair.statuses()) == before


def test_the_firm_is_halted_as_by_a_person(pair: Processes, stopped: dict[str, Any]) -> None:
    """So the engine is told to end all that it has, and two people must agree before anything is sent again."""
    (restriction,) = pair.rows("SELECT scope, state, set_by_name FROM orders_tradingrestriction")
    assert restriction == ("firm", "halted", "last hop")
    assert any(isinstance(each, MassCancel) for each in pair.journal(RecordKind.COMMAND))


def test_people_are_called(pair: Processes, stopped: dict[str, Any]) -> None:
    assert "Nothing new is sent to the engine any more" in pair.log("runaway")
    assert stopped["state"].live, "the engine's link is as well as before"


def test_once_two_people_have_released_the_firm_orders_leave(pair: Processes, stopped: dict[str, Any]) -> None:
    for user, name in pair.rows("SELECT id, username FROM accounts_user WHERE username <> 'ann'"):
        pair.ask(pair.client.ask(release(uuid.UUID(user), name), TradingStateAnswer))
    until(lambda: (state := pair.state()) and not state.tripped, "the release")
    assert pair.ask(pair.place("after-it", wait_seconds=5, price=1)).order["status"] == "new"


def test_a_restart_releases_nothing(pair: Processes, stopped: dict[str, Any]) -> None:
    pair.ask(burst(pair, "runaway-again"))
    until(lambda: (state := pair.state()) and state.tripped, "the trip")
    until(lambda: pair.status_of("after-it") == "canceled", "the halt in the tables")
    pair.kill("runaway")
    pair.start("runaway")
    until(lambda: (state := pair.state()) and state.live, "a live bridge")
    with pytest.raises(TradingError, match="trading_state"):
        pair.ask(pair.place("again", price=1))
    assert "again" not in arrived(pair)


def release(user: uuid.UUID, name: str) -> SetTradingState:
    now_us = time.time_ns() // 1000
    wanted = WantedState(
        id=uuid.uuid4(),
        scope=Scope.FIRM,
        state=TradingState.ACTIVE,
        reason="Looked at.",
        user=user,
        user_name=name,
        at_us=now_us,
        releases=True,
    )
    return SetTradingState(request_id=1, deadline_us=0, wanted=wanted)
