"""What becomes of cancels and changes whose answers are lost, late, tripled or out of order?

As in `test_lost_answers.py`, the engine's words come as a go-between likes. Every fifth command never reaches the
engine: a cancel is sent until the engine has done it; a change is sent once, and what it came to is asked for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import NamedTuple

import pytest

from bridge.wire.messages import CancelOrder, ReplaceOrder
from tests.bridge.waiting import until
from tests.faults.crossing import WAYS, Crossed, everything_has_come, mend
from tests.orders.bridge.processes import E8, Processes
from tests.orders.bridge.story import both_tell_the_same_story, settled
from tests.scoreboard import Measured

UNHEARD_EVERY = 5
OLD, NEW = (10 * E8, E8), (30 * E8, 2 * E8)  #: quantity and price


class Asked(NamedTuple):
    """Client order ids: of orders to cancel, and to change; `unheard` are those of which the engine hears nothing."""

    cancels: list[str]
    changes: list[str]

    @property
    def unheard(self) -> set[str]:
        return {*self.cancels[::UNHEARD_EVERY], *self.changes[::UNHEARD_EVERY]}

    @property
    def names(self) -> set[str]:
        return {*self.cancels, *self.changes}


@pytest.mark.parametrize("way", WAYS)
def test_every_cancel_is_done_and_every_change_is_known_once_answers_come(
    crossed: Crossed, way: str, measured: Measured
) -> None:
    processes, between, size = crossed
    processes.wait_live()
    names = [f"{way.replace(' ', '-')}-{number}" for number in range(size.orders)]
    asked = Asked(names[::2], names[1::2])
    ids = processes.ask(resting(processes, names))
    between.unheard = {(kind, name) for kind in (CancelOrder, ReplaceOrder) for name in asked.unheard}
    between.fate = crossed.fate(way)
    processes.ask(asked_for(processes, asked, ids))
    until(lambda: heard(crossed, ReplaceOrder, asked.changes) and heard(crossed, CancelOrder, asked.cancels), "all")
    mend(between)
    between.unheard.clear()
    until(lambda: settled(processes, asked.names), f"every order settled: {Counter(processes.statuses().values())}")
    everything_has_come(crossed, f"{way.replace(' ', '-')}-last")
    both_tell_the_same_story(processes, asked.names)
    left = {name for name in asked.cancels if processes.statuses()[name] != "canceled"}
    wrong, again = wrong_terms(processes, asked), sent_again(crossed, asked)
    measured(4, f"{way}: cancels not done, of {len(asked.cancels)}", len(left), "0")
    measured(4, f"{way}: changed orders whose terms are not the engine's, of {len(asked.changes)}", len(wrong), "0")
    measured(4, f"{way}: changes sent more than once", again, "0")
    assert (left, wrong, again) == (set(), {}, 0)
    assert unchanged(processes, asked) == set(asked.changes[::UNHEARD_EVERY])


async def resting(processes: Processes, names: list[str]) -> dict[str, str]:
    """The ids of orders that the engine holds, by name."""
    answers = await asyncio.gather(*[processes.place(name, price=1, wait_seconds=5) for name in names])
    assert {answer.order["status"] for answer in answers} == {"new"}
    return {answer.order["clientOrderId"]: answer.order["id"] for answer in answers}


async def asked_for(processes: Processes, asked: Asked, ids: dict[str, str]) -> None:
    """All of it is taken: the line looks well."""
    changes = [processes.replace(ids[name], quantity=30, price=2) for name in asked.changes]
    await asyncio.gather(*[processes.cancel(ids[name]) for name in asked.cancels], *changes)


def heard(crossed: Crossed, kind: type[CancelOrder | ReplaceOrder], names: list[str]) -> bool:
    """Has the bridge said it of each?"""
    return set(names) <= {each.client_order_id for each in list(crossed.between.heard) if isinstance(each, kind)}


def terms(processes: Processes) -> dict[str, tuple[int, int]]:
    return {
        name: (quantity, price)
        for name, quantity, price in processes.rows("SELECT client_order_id, quantity, price FROM orders_order")
    }


def wrong_terms(processes: Processes, asked: Asked) -> dict[str, tuple[int, int]]:
    """Those that differ from the engine's last word about an order."""
    ours, reported = terms(processes), processes.reported()
    return {
        name: ours[name]
        for name in asked.changes
        if ours[name] != (reported[name][-1].quantity_e8, reported[name][-1].price_e8)
    }


def unchanged(processes: Processes, asked: Asked) -> set[str]:
    """The others have the new terms."""
    ours = terms(processes)
    assert {ours[name] for name in asked.changes} == {OLD, NEW}
    return {name for name in asked.changes if ours[name] == OLD}


def sent_again(crossed: Crossed, asked: Asked) -> int:
    changes = [each.client_order_id for each in crossed.between.heard if isinstance(each, ReplaceOrder)]
    sent = Counter(name for name in changes if name in asked.names)
    return sum(times > 1 for times in sent.values())
