"""What becomes of orders whose acknowledgements are lost, late by 10 s, tripled or out of order?

Real processes: an engine, an order bridge, and between them a go-between that carries what the engine says as it likes.
Every tenth order never reaches the engine at all: to the bridge that looks the same. With `--long` 500 orders for each
way, and the bridge's own deadline; otherwise fewer, and half of it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter

import pytest

from bridge.wire.messages import NewOrder, OrderStatusRequest
from tests.bridge.waiting import until
from tests.faults.crossing import WAYS, Crossed, everything_has_come, mend
from tests.faults.go_between import GoBetween
from tests.orders.bridge.processes import Processes
from tests.orders.bridge.story import both_tell_the_same_story, settled
from tests.patience import PATIENCE
from tests.scoreboard import Measured

AT_ONCE = 40  #: orders asked for side by side
SHOWN_SECONDS = 0.5  #: past the deadline
SETTLED_SECONDS = 5.0  #: from the moment at which answers pass again
UNHEARD_EVERY = 10  #: orders, one never comes to the engine


@pytest.mark.parametrize("way", WAYS)
def test_no_order_stays_in_doubt_once_answers_come_as_they_should(
    crossed: Crossed, way: str, measured: Measured
) -> None:
    processes, between, size = crossed
    processes.wait_live()
    names = [f"{way.replace(' ', '-')}-{number}" for number in range(size.orders)]
    between.unheard |= {(NewOrder, name) for name in names[::UNHEARD_EVERY]}
    between.fate = crossed.fate(way)
    processes.ask(placed(processes, names))
    until(lambda: not standing(processes, names, "pending_new"), "word or doubt about each")
    mend(between)
    mended_at = time.monotonic()
    until(lambda: settled(processes, set(names)), f"every order settled: {Counter(processes.statuses().values())}")
    settled_after = time.monotonic() - mended_at
    everything_has_come(crossed, f"{way.replace(' ', '-')}-last")
    past_deadline, again = longest_without_a_word(processes, names), sent_again(between)
    measured(4, f"{way}: orders shown as unknown, of {size.orders}", len(doubted(processes) & set(names)), "reported")
    measured(4, f"{way}: pending past the deadline, s at most", f"{past_deadline:.2f}", f"≤ {SHOWN_SECONDS}")
    measured(4, f"{way}: settled after the line was good, s", f"{settled_after:.2f}", f"≤ {SETTLED_SECONDS:g}")
    measured(4, f"{way}: orders sent more than once", again, "0")
    both_tell_the_same_story(processes, set(names))
    assert positions(processes) == traded(processes)
    measured(4, f"{way}: orders and positions that are not the engine's", 0, "0")
    assert set(standing(processes, names, "denied")) == set(names[::UNHEARD_EVERY]) <= asked(crossed)
    assert without_evidence(processes) == []
    assert again == 0
    assert past_deadline <= SHOWN_SECONDS * PATIENCE
    assert settled_after <= SETTLED_SECONDS


async def placed(processes: Processes, names: list[str]) -> None:
    """All of them are taken: the line looks well. Every other one trades at once."""
    for begin in range(0, len(names), AT_ONCE):
        numbered = list(enumerate(names))[begin : begin + AT_ONCE]
        await asyncio.gather(*[processes.place(name, price=number % 2 or None) for number, name in numbered])


def standing(processes: Processes, names: list[str], status: str) -> list[str]:
    statuses = processes.statuses()
    return [name for name in names if statuses[name] == status]


def doubted(processes: Processes) -> set[str]:
    """Orders that were shown as unknown for a while."""
    rows = processes.rows(
        "SELECT o.client_order_id FROM orders_order o"
        " JOIN orders_orderhistory h ON h.order_id = o.id AND h.kind = 'order_doubted'"
    )
    return {name for (name,) in rows}


def sent_again(between: GoBetween) -> int:
    sent = Counter(message.client_order_id for message in between.heard if isinstance(message, NewOrder))
    return sum(times > 1 for times in sent.values())


def asked(crossed: Crossed) -> set[str]:
    """The orders whose status the bridge has asked for."""
    heard = list(crossed.between.heard)
    return {message.client_order_id for message in heard if isinstance(message, OrderStatusRequest)}


def longest_without_a_word(processes: Processes, names: list[str]) -> float:
    """How many seconds after its command's deadline an order got its second event, whatever that was."""
    rows = processes.rows(
        "SELECT o.client_order_id, (julianday(h.timestamp) - 2440587.5) * 86400 - c.deadline_us / 1e6"
        " FROM orders_order o JOIN orders_orderhistory h ON h.order_id = o.id AND h.number = 2"
        " JOIN orders_enginecommand c ON c.order_id = o.id AND c.kind = 'new_order'"
    )
    of_these = set(names)
    return max(0.0, *(seconds for name, seconds in rows if name in of_these))


def without_evidence(processes: Processes) -> list[str]:
    """Orders in doubt that were settled by neither a report nor an answer to a question."""
    rows = processes.rows(
        "SELECT o.client_order_id, next.engine_seq, next.status_details FROM orders_order o"
        " JOIN orders_orderhistory doubt ON doubt.order_id = o.id AND doubt.kind = 'order_doubted'"
        " JOIN orders_orderhistory next ON next.order_id = o.id AND next.number = doubt.number + 1"
    )
    return [name for name, seq, details in rows if not seq and json.loads(details).get("source") != "status"]


def positions(processes: Processes) -> dict[str, int]:
    return dict(processes.rows("SELECT symbol, quantity FROM orders_position"))


def traded(processes: Processes) -> dict[str, int]:
    """By the engine's journal; every order was a buy."""
    held: Counter[str] = Counter()
    for report in (report for reports in processes.reported().values() for report in reports):
        held[report.symbol] += report.last_quantity_e8
    return dict(+held)
