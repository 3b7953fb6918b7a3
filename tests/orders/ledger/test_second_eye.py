"""Is it noticed that more has left than the database holds, whatever the last hop was told?"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from django.db import OperationalError, connection

from orders.bridge.last_hop import KINDS, LastHop, licence_of
from orders.bridge.second_eye import SecondEye, Watching, read_only
from orders.core.state import CommandKind
from orders.ledger import Ledger
from orders.models import EngineCommand, Lease
from orders.requests import Caller
from tests.bridge.waiting import until
from tests.orders.core.desk import Desk
from tests.orders.ledger.conftest import settle


@dataclass
class Gate:
    """What has left, and why nothing does any more."""

    sent: int = 0
    trips: list[str] = field(default_factory=list)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def eye(ledger: Ledger, gate: Gate) -> SecondEye:
    return SecondEye(ledger.fence, lambda: gate.sent, gate.trips.append)


def place(ledger: Ledger, words: Desk, trader: Caller, number: int) -> None:
    settle(ledger, words.place_input(f"a-{number}", caller=trader))


def test_the_rows_that_are_handed_on_are_those_of_the_database(ledger: Ledger, words: Desk, trader: Caller) -> None:
    (row,) = settle(ledger, words.place_input("a-1", caller=trader)).commands
    kept = EngineCommand.objects.get(session=row["session"], seq=row["seq"])
    licence = licence_of(row)
    assert (kept.kind, kept.order_id, kept.side) == (licence.kind, licence.order_id, licence.side)
    assert (int(kept.quantity * 10**8), int(kept.price * 10**8)) == (licence.quantity_e8, licence.price_e8)
    assert kept.stop_price is licence.stop_price_e8 is None


def test_a_batch_that_writes_no_command_hands_none_on(ledger: Ledger, words: Desk, trader: Caller) -> None:
    place(ledger, words, trader, 1)
    assert settle(ledger, words.place_input("a-1", caller=trader)).commands == ()


def test_as_much_as_is_journalled_may_leave(
    ledger: Ledger, words: Desk, trader: Caller, gate: Gate, eye: SecondEye
) -> None:
    for number in range(1, 4):
        place(ledger, words, trader, number)
        gate.sent = number
        eye.look()
    assert (eye.journalled, gate.trips) == (3, [])


def test_one_more_trips_once(ledger: Ledger, words: Desk, trader: Caller, gate: Gate, eye: SecondEye) -> None:
    place(ledger, words, trader, 1)
    gate.sent = 2
    eye.look()
    eye.look()
    assert gate.trips == ["2 orders have left, 1 are journalled"]
    gate.sent = 3
    eye.look()
    assert len(gate.trips) == 2


def test_cancels_are_no_licence_for_orders(
    ledger: Ledger, words: Desk, trader: Caller, gate: Gate, eye: SecondEye
) -> None:
    place(ledger, words, trader, 1)
    order = EngineCommand.objects.get().order
    settle(ledger, words.cancel_input(order.id, caller=trader))
    gate.sent = 2
    eye.look()
    assert CommandKind.CANCEL_ORDER.value not in KINDS
    assert gate.trips


def test_what_an_earlier_session_journalled_does_not_count(
    ledger: Ledger, words: Desk, trader: Caller, gate: Gate
) -> None:
    place(ledger, words, trader, 1)
    gate.sent = 1
    SecondEye(ledger.fence + 1, lambda: gate.sent, gate.trips.append).look()
    assert gate.trips == ["1 orders have left, 0 are journalled"]


def test_in_its_thread_it_trips_the_last_hop(ledger: Ledger, words: Desk, trader: Caller) -> None:
    place(ledger, words, trader, 1)
    last_hop = LastHop()
    last_hop.sent = 2
    eye = SecondEye(ledger.fence, lambda: last_hop.sent, last_hop.trip)
    with Watching(eye):
        until(lambda: last_hop.reason, "the trip")
    assert last_hop.reason == "2 orders have left, 1 are journalled"
    assert not eye.counts["faults"]


def test_its_connection_cannot_write(ledger: Ledger) -> None:
    """In a thread of its own, as it is used."""
    refused: list[str] = []

    def write() -> None:
        read_only()
        try:
            Lease.objects.update(fence=0)
        except OperationalError as error:
            refused.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert refused == ["attempt to write a readonly database"]
