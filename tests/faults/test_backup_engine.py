"""What if the engine is gone for good, and its backup takes over at another address?

The backup here is our engine with the journal of the one before: a pair that shares what it has said is an engine's own
affair (`docs/engine-link.md`), going on with whoever of the two is there is ours.
"""

from __future__ import annotations

import pytest

from tests.bridge.waiting import until
from tests.orders.bridge.processes import Processes
from tests.orders.bridge.story import both_tell_the_same_story, settled
from tradingmw.supervisor.addresses import HOST, Ports

ENGINE = ("TMW_ENGINE_MARKET_DATA", "TMW_ENGINE_COMMANDS", "TMW_ENGINE_QUERIES", "TMW_ENGINE_WORK")


@pytest.fixture
def backup() -> dict[str, str]:
    """The settings of the second engine."""
    ports = Ports()
    addresses = {name: f"tcp://{HOST}:{ports.choose()}" for name in ENGINE}
    ports.close()
    return addresses


def test_orders_go_on_with_the_backup(processes: Processes, backup: dict[str, str]) -> None:
    listed = {name: f"{processes.environment[name]},{address}" for name, address in backup.items()}
    processes.start("engine")
    processes.start("orders", **listed)
    processes.wait_live()
    before = processes.ask(processes.place("before", price=1, wait_seconds=5)).order
    processes.kill("engine")
    until(lambda: (state := processes.state()) and not state.live, "the loss of the link")
    processes.start("engine", **backup)
    processes.wait_live()
    assert processes.status_of("before") == "new"
    processes.ask(processes.place("after", wait_seconds=5))
    processes.ask(processes.cancel(before["id"]))
    names = {"before", "after"}
    until(lambda: settled(processes, names), "the end of both")
    both_tell_the_same_story(processes, names)
    assert processes.statuses() == {"before": "canceled", "after": "filled"}


def test_a_command_with_an_engine_of_ours_names_one_address(processes: Processes, backup: dict[str, str]) -> None:
    two = {name: f"{processes.environment[name]},{address}" for name, address in backup.items()}
    processes.start("engine", **two)
    until(lambda: processes.exit_code("engine") is not None, "the end of the engine")
    assert "listens at one address" in processes.log("engine")
