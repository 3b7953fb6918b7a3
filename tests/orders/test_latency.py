"""Is each hop of an order measured between the right two stamps?"""

from __future__ import annotations

import uuid

import pytest
from django.core.management import CommandError, call_command

from orders.latency import Event, passages, percentiles
from orders.lifecycle import OrderEvent

ORDER = uuid.UUID(int=1)


def event(kind: OrderEvent, order: uuid.UUID = ORDER, **stamps: int) -> Event:
    plain = dict.fromkeys(("received_us", "committed_us", "sent_us", "engine_us", "arrived_us", "decided_us"), 0)
    return Event(order, kind.value, **{**plain, **stamps})


ASKED = event(OrderEvent.ACCEPTED, received_us=100, arrived_us=130, decided_us=135)
TOLD = event(OrderEvent.ACKNOWLEDGED, committed_us=155, sent_us=160, engine_us=190, arrived_us=230, decided_us=237)


def test_an_order_passes_every_hop_once() -> None:
    assert dict(passages([ASKED, TOLD])) == {
        "web": 30,
        "decide": 5,
        "commit": 20,
        "send": 5,
        "engine": 30,
        "report": 40,
        "apply": 7,
        "order": 137,
    }


def test_a_trade_that_nobody_asked_for_has_a_report_only() -> None:
    trade = event(OrderEvent.PARTIALLY_FILLED, engine_us=190, arrived_us=230, decided_us=237)
    assert dict(passages([trade])) == {"report": 40, "apply": 7}


def test_an_answer_belongs_to_the_request_of_its_own_order_and_kind() -> None:
    other = event(OrderEvent.ACCEPTED, uuid.UUID(int=2), arrived_us=1, decided_us=2)
    cancel = event(OrderEvent.CANCEL_REQUESTED, received_us=10, arrived_us=20, decided_us=21)
    assert dict(passages([ASKED, other, cancel, TOLD]))["order"] == 137


@pytest.mark.django_db
def test_without_orders_the_command_says_that_there_is_nothing() -> None:
    with pytest.raises(CommandError) as nothing:
        call_command("latency")
    assert nothing.value.returncode == 1


def test_percentiles_are_durations_that_were_measured() -> None:
    assert percentiles(list(range(101))) == (50, 90, 99, 100)
    assert percentiles([7]) == (7, 7, 7, 7)
