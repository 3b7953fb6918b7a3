"""Does a change get through a real bridge to a real engine, and what is left of it when either is killed?"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

import pytest

from bridge.simulator.journal import RecordKind
from bridge.wire.messages import ReplaceOrder
from bridge.wire.vocabulary import ExecType
from tests.bridge.waiting import until
from tests.orders.bridge.processes import E8, Processes
from tradingmw.errors import Code, Conflict, InvalidRequest, OutcomeUnknown, Unavailable

ORDERS = 8
CHANGES = 12  #: of each


@pytest.fixture
def live(pair: Processes) -> Processes:
    pair.wait_live()
    return pair


def terms_of(pair: Processes, name: str) -> tuple[str, int, int]:
    (row,) = pair.rows(f"SELECT status, quantity, price FROM orders_order WHERE client_order_id = '{name}'")
    return str(row[0]), row[1] // E8, row[2] // E8


def test_an_order_is_changed_and_keeps_its_ids(live: Processes) -> None:
    order = live.ask(live.place("change-1", price=1, wait_seconds=5)).order
    pending = live.ask(live.replace(order["id"], quantity=20, price=2)).order
    assert (pending["status"], pending["quantity"]) == ("pending_replace", "10")
    assert (pending["id"], pending["clientOrderId"]) == (order["id"], "change-1")
    until(lambda: terms_of(live, "change-1") == ("new", 20, 2), "the change")


def test_a_price_that_crosses_is_filled_at_once(live: Processes) -> None:
    order = live.ask(live.place("change-2", price=1, wait_seconds=5)).order
    live.ask(live.replace(order["id"], price=100_000))
    until(lambda: live.status_of("change-2") == "filled", "the fill")
    kinds = [report.exec_type for report in live.reported()["change-2"]]
    assert kinds[:2] == [ExecType.NEW, ExecType.REPLACED] and set(kinds[2:]) == {ExecType.TRADE}


def test_a_change_right_behind_the_order_is_done(live: Processes) -> None:
    async def at_once() -> None:
        order = (await live.place("change-3", price=1)).order
        await live.replace(order["id"], price=2)

    live.ask(at_once())
    until(lambda: terms_of(live, "change-3") == ("new", 10, 2), "the change")


@pytest.mark.parametrize("victim", ["orders", "engine"])
def test_every_change_is_done_once_or_not_at_all_when_one_of_them_is_killed(live: Processes, victim: str) -> None:
    """Changes are asked for while the victim dies and comes back; then both sides have the same terms."""
    names = [f"{victim}-change-{number}" for number in range(ORDERS)]
    ids = [live.ask(live.place(name, price=1)).order["id"] for name in names]
    accepted: Counter[str] = Counter()
    halfway = asyncio.Event()

    async def careless_client(order_id: str) -> None:
        """Goes on with the next change whatever became of the last."""
        prices = itertools.cycle([2, 3, 1])
        while accepted[order_id] < CHANGES:
            try:
                await live.replace(order_id, price=next(prices))
                accepted[order_id] += 1
            except (Conflict, InvalidRequest, Unavailable, OutcomeUnknown):
                await asyncio.sleep(0.01)  # pending, so already, or nobody there: a client's pause
            if accepted.total() > ORDERS * CHANGES // 2:
                halfway.set()

    async def burst() -> None:
        clients = [asyncio.create_task(careless_client(order_id)) for order_id in ids]
        await halfway.wait()
        live.kill(victim)
        live.start(victim)
        await asyncio.gather(*clients)

    live.ask(burst())
    live.wait_live()
    until(lambda: {live.status_of(name) for name in names} == {"new"}, "every change settled")
    commands = [message for message in live.journal(RecordKind.COMMAND) if isinstance(message, ReplaceOrder)]
    assert max(Counter((each.session, each.command_seq) for each in commands).values()) == 1
    for name in names:
        last = live.reported()[name][-1]
        assert terms_of(live, name) == ("new", last.quantity_e8 // E8, (last.price_e8 or 0) // E8)


def test_while_the_engine_is_away_a_change_is_refused_and_nothing_is_written(live: Processes) -> None:
    order = live.ask(live.place("change-4", price=1, wait_seconds=5)).order
    live.kill("engine")
    until(lambda: (state := live.state()) and not state.live, "the loss of the link")
    with pytest.raises(Unavailable) as refused:
        live.ask(live.replace(order["id"], price=2))
    assert refused.value.code is Code.ENGINE_UNAVAILABLE
    assert terms_of(live, "change-4") == ("new", 10, 1)
    live.start("engine")
    live.wait_live()
