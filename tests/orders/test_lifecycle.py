"""Is the lifecycle exactly its table?"""

from __future__ import annotations

import itertools

import pytest

from orders.lifecycle import FINAL, OPEN, TABLE, IllegalEvent, OrderEvent, OrderStatus, next_status

PAIRS = list(itertools.product([None, *OrderStatus], OrderEvent))


@pytest.mark.parametrize(("status", "event"), [pair for pair in PAIRS if pair not in TABLE])
def test_what_is_not_in_the_table_is_refused(status: OrderStatus | None, event: OrderEvent) -> None:
    with pytest.raises(IllegalEvent):
        next_status(status, event)


@pytest.mark.parametrize(("status", "event"), list(TABLE))
def test_what_is_in_the_table_leads_where_it_says(status: OrderStatus | None, event: OrderEvent) -> None:
    assert next_status(status, event) is TABLE[status, event]


def test_an_ended_order_opens_again_only_where_the_engine_says_so_after_a_bust() -> None:
    opened = {pair for pair, after in TABLE.items() if pair[0] in FINAL and after in OPEN}
    assert opened == {(OrderStatus.FILLED, OrderEvent.REOPENED)}


def test_only_fills_and_what_is_left_of_them_change_how_an_order_has_ended() -> None:
    changed = {pair for pair, after in TABLE.items() if pair[0] in FINAL and after is not pair[0]}
    assert {event for _, event in changed} == {OrderEvent.FILLED, OrderEvent.UNFILLED, OrderEvent.REOPENED}


def test_a_wanted_cancel_is_forgotten_by_nothing_but_an_ending() -> None:
    after = {after for (status, _), after in TABLE.items() if status is OrderStatus.PENDING_CANCEL}
    assert after <= FINAL | {OrderStatus.PENDING_CANCEL}


def test_an_order_that_works_again_shows_whether_it_has_traded() -> None:
    for event in (OrderEvent.REPLACED, OrderEvent.REPLACE_REJECTED):
        assert next_status(OrderStatus.PENDING_REPLACE, event) is OrderStatus.NEW
        assert next_status(OrderStatus.PENDING_REPLACE, event, traded=True) is OrderStatus.PARTIALLY_FILLED


def test_an_order_whose_only_fill_is_void_is_as_new() -> None:
    assert next_status(OrderStatus.PARTIALLY_FILLED, OrderEvent.TRADE_BUSTED) is OrderStatus.NEW
    assert next_status(OrderStatus.PARTIALLY_FILLED, OrderEvent.TRADE_BUSTED, traded=True) is (
        OrderStatus.PARTIALLY_FILLED
    )


def test_every_status_can_be_reached() -> None:
    reached: set[OrderStatus | None] = {None}
    while more := {after for (status, _), after in TABLE.items() if status in reached} - reached:
        reached |= more
    assert set(OrderStatus) <= reached
