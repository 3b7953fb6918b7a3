"""What becomes of orders while the engine's command link is silent or gone, and when is it right again?

Real processes: an engine, an order bridge, and between them a wire that can swallow everything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from bridge.simulator.journal import RecordKind, read_journal
from bridge.wire.messages import Command
from orders.requests import OrderAnswer
from tests.bridge.waiting import until
from tests.faults.tcp_proxy import TcpProxy
from tests.orders.bridge.processes import Processes, make_template
from tests.orders.bridge.story import both_tell_the_same_story, settled
from tests.patience import PATIENCE
from tests.scoreboard import Measured
from tradingmw.errors import Code, TradingError, Unavailable

pytestmark = pytest.mark.alone

OPEN_ORDERS = 200
UNDER_WAY = 20  #: orders that are asked for at the moment of the kill
NOTICED_SECONDS = 3.0
BACK_SECONDS = 3.0
RESTART_SECONDS = 10.0  #: the engine's own start is part of it


class Wired(NamedTuple):
    """A bridge and its engine, with a wire between them."""

    processes: Processes
    wire: TcpProxy
    engines_own: str  #: the address that the engine binds

    def start_engine(self) -> None:
        between = self.processes.environment["TMW_ENGINE_COMMANDS"]
        self.processes.environment["TMW_ENGINE_COMMANDS"] = self.engines_own
        self.processes.start("engine")
        self.processes.environment["TMW_ENGINE_COMMANDS"] = between


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """One pair for the whole file."""
    home = tmp_path_factory.mktemp("wired")
    processes = Processes(make_template(home / "template"), home / "data")
    engines_own = processes.environment["TMW_ENGINE_COMMANDS"]
    wire = TcpProxy(engines_own)
    processes.environment["TMW_ENGINE_COMMANDS"] = wire.address
    wired = Wired(processes, wire, engines_own)
    wired.start_engine()
    processes.start("orders")
    yield wired
    processes.end()
    wire.close()


def is_closed(processes: Processes) -> bool:
    state = processes.state()
    return state is not None and not state.live


def refused(processes: Processes, client_order_id: str) -> Unavailable:
    with pytest.raises(Unavailable) as error:
        processes.ask(processes.place(client_order_id, price=1))
    return error.value


def test_a_silent_link_closes_new_orders_keeps_cancels_and_mends_itself(wired: Wired, measured: Measured) -> None:
    processes, wire, _ = wired
    processes.wait_live()
    order = processes.ask(processes.place("standing", price=1, wait_seconds=5)).order
    wire.swallow()
    began = time.monotonic()
    until(lambda: is_closed(processes), "the silence noticed")
    noticed = time.monotonic() - began
    refusal = refused(processes, "refused")
    assert (refusal.code, refusal.extra["outcome"], bool(refusal.retry_after_seconds)) == (
        Code.ENGINE_UNAVAILABLE,
        "none",
        True,
    )
    assert processes.ask(processes.cancel(order["id"])).order["status"] == "pending_cancel"
    until(lambda: wire.is_called_again, "another attempt")
    wire.forward()
    began = time.monotonic()
    processes.wait_live()
    back = time.monotonic() - began
    until(lambda: processes.status_of("standing") == "canceled", "the kept cancel")
    measured(15, "silent command link: new orders refused after", f"{noticed:.2f} s", "≤ 3 s")
    measured(15, "command link back: new orders taken after", f"{back:.2f} s", "≤ 3 s")
    assert set(processes.statuses()) == {"standing"}
    assert noticed <= NOTICED_SECONDS * PATIENCE
    assert back <= BACK_SECONDS * PATIENCE


@pytest.mark.parametrize("seconds_away", [3, pytest.param(10, marks=pytest.mark.long)])
def test_an_engine_that_dies_with_open_orders_gets_nothing_stale_when_it_returns(
    wired: Wired, seconds_away: int, measured: Measured
) -> None:
    processes, mark = wired.processes, f"away{seconds_away}"
    epoch = processes.wait_live().epoch
    names = {f"{mark}-{number}" for number in range(OPEN_ORDERS)}
    processes.ask(placed(processes, names))
    names |= processes.ask(killed_meanwhile(processes, mark))
    back_at = time.monotonic() + seconds_away
    began = time.monotonic()
    until(lambda: is_closed(processes), "the loss noticed")
    noticed = time.monotonic() - began
    assert refused(processes, "not-queued").code is Code.ENGINE_UNAVAILABLE
    until(lambda: time.monotonic() >= back_at, "the engine's return")
    wired.start_engine()
    began = time.monotonic()
    assert processes.wait_live().epoch > epoch
    back = time.monotonic() - began
    until(lambda: settled(processes, names), "every order settled")
    both_tell_the_same_story(processes, names)
    stale = taken_too_late(processes)
    measured(3, f"{OPEN_ORDERS} open orders, engine killed: new orders refused after", f"{noticed:.2f} s", "≤ 3 s")
    measured(3, "engine back in a new epoch: new orders taken, from its start", f"{back:.2f} s", "≤ 10 s")
    measured(3, "commands that the engine took up past their deadline", stale, "0")
    assert "not-queued" not in processes.statuses()
    assert stale == 0
    assert back <= RESTART_SECONDS
    assert noticed <= NOTICED_SECONDS * PATIENCE


async def placed(processes: Processes, names: set[str]) -> None:
    await asyncio.gather(*[processes.place(name, price=1, wait_seconds=5) for name in names])


async def killed_meanwhile(processes: Processes, mark: str) -> set[str]:
    """The orders that were accepted of those asked for while the engine is killed."""
    names = [f"{mark}-late-{number}" for number in range(UNDER_WAY)]
    asked = {name: processes.place(name, price=1) for name in names}
    killing = asyncio.to_thread(processes.kill, "engine")
    answers, _ = await asyncio.gather(asyncio.gather(*asked.values(), return_exceptions=True), killing)
    assert all(isinstance(answer, OrderAnswer | TradingError) for answer in answers)
    return {name for name, answer in zip(asked, answers, strict=True) if isinstance(answer, OrderAnswer)}


def taken_too_late(processes: Processes) -> int:
    commands = [
        (record.at_us, record.message())
        for record in read_journal(processes.directory / "engine")
        if record.kind is RecordKind.COMMAND
    ]
    return sum(isinstance(command, Command) and at_us > command.deadline_us for at_us, command in commands)
