"""Can anything leave that was not journalled, or leave twice? Whatever the core hands over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.link.states import LinkState
from bridge.wire.messages import CancelOrder, NewOrder, OrderStatusRequest, ReplaceOrder
from bridge.wire.vocabulary import Side
from orders.bridge.departures import Departures
from orders.bridge.last_hop import LastHop
from orders.core.inputs import NotSent
from orders.core.state import CommandState
from orders.instants import instant
from orders.ledger.columns import Columns, command_columns
from tests.orders.bridge.test_departures import Clock, Link
from tests.orders.core.desk import E8, EPOCH, START_US, Desk


def rows(commands: Sequence[CommandState]) -> list[Columns]:
    return [command_columns(command, instant(START_US)) for command in commands]


class Way:
    """From the core to the socket: what it wrote, what it hands over, what leaves."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.desk.go_live()
        self.link, self.clock, self.last_hop = Link(room=1_000), Clock(), LastHop()
        self.departures = Departures(self.link, self.clock, self.last_hop)

    def order(self, client_order_id: str = "a-1", **fields: Any) -> NewOrder:
        """A new order, journalled."""
        self.desk.place(client_order_id, **fields)
        return self.journalled(NewOrder)

    def journalled(self, kind: type[Any]) -> Any:
        """The last command of this kind; the rows of its batch come with it."""
        self.last_hop.license(rows(self.desk.drafts[-1].claimed))
        return self.desk.last(kind)

    def hand_over(self, *messages: Any) -> list[NotSent]:
        self.departures.add(messages, EPOCH)
        return self.departures.leave()


@pytest.fixture
def way() -> Way:
    return Way()


def given_back(message: Any) -> NotSent:
    return NotSent(message.session, message.command_seq)


def test_what_is_journalled_leaves(way: Way) -> None:
    order = way.order()
    assert way.hand_over(order) == []
    assert way.link.sent == [order]
    assert (way.last_hop.sent, way.last_hop.reason) == (1, "")


def test_of_fifty_equal_ones_one_leaves(way: Way) -> None:
    """What became of the others is told to nobody: their number is that of the one that has left."""
    order = way.order()
    assert way.hand_over(*[order] * 50) == []
    assert way.link.sent == [order]
    assert "has left before" in way.last_hop.reason
    assert way.last_hop.counts["held"] == 49


def test_a_batch_that_is_handed_over_twice_with_its_rows_leaves_once(way: Way) -> None:
    order = way.order()
    way.hand_over(order)
    way.journalled(NewOrder)
    assert way.hand_over(order) == []
    assert way.link.sent == [order]
    assert way.last_hop.reason
    assert way.last_hop.counts["repeated"] == 1


def test_what_was_never_written_does_not_leave(way: Way) -> None:
    way.desk.place("a-1")
    assert way.hand_over(way.desk.last(NewOrder)) == []
    assert not way.link.sent
    assert way.last_hop.reason


@pytest.mark.parametrize(
    "other",
    [
        {"quantity_e8": 101 * E8},
        {"price_e8": 151 * E8},
        {"price_e8": None},
        {"stop_price_e8": 150 * E8},
        {"side": Side.SELL},
        {"order_id": uuid.UUID(int=7)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_order_leaves_with_the_terms_it_was_journalled_with(way: Way, other: dict[str, Any]) -> None:
    """It has surely not left, and the core is told so."""
    order = way.order()
    assert way.hand_over(replace(order, **other)) == [given_back(order)]
    assert not way.link.sent
    assert "other terms" in way.last_hop.reason


def test_a_change_needs_its_licence_too(way: Way) -> None:
    way.desk.replace(way.desk.acknowledged(), quantity_e8=200 * E8)
    change = way.journalled(ReplaceOrder)
    assert way.hand_over(replace(change, quantity_e8=300 * E8)) == [given_back(change)]
    assert not way.link.sent


def test_a_change_that_is_journalled_leaves_once(way: Way) -> None:
    way.desk.replace(way.desk.acknowledged(), quantity_e8=200 * E8)
    change = way.journalled(ReplaceOrder)
    way.hand_over(change, change)
    assert way.link.sent == [change]


def test_cancels_and_questions_leave_whatever_has_happened(way: Way) -> None:
    order = way.order()
    way.hand_over(order, order)
    way.desk.do(way.desk.cancel_input(order.order_id))
    cancel = way.journalled(CancelOrder)
    question = OrderStatusRequest(
        session=1,
        command_seq=99,
        deadline_us=START_US,
        order_id=order.order_id,
        account="ann",
        client_order_id="a-1",
    )
    assert way.hand_over(cancel, cancel, question) == []
    assert way.link.sent == [order, cancel, cancel, question]


def test_after_a_trip_what_is_journalled_stays_too_and_comes_back(way: Way) -> None:
    way.last_hop.trip("counted")
    order = way.order()
    assert way.hand_over(order) == [given_back(order)]
    assert not way.link.sent
    assert way.last_hop.counts["refused"] == 1


def test_once_rearmed_new_orders_leave_and_what_was_held_does_not(way: Way) -> None:
    first = way.order("a-1")
    way.hand_over(first, first)
    way.last_hop.rearm()
    second = way.order("a-2")
    assert way.hand_over(second) == []
    assert way.link.sent == [first, second]
    assert not way.last_hop.reason
    way.hand_over(first)
    assert way.link.sent == [first, second]
    assert way.last_hop.reason


def test_the_first_reason_stands(way: Way) -> None:
    way.last_hop.trip("one")
    way.last_hop.trip("two")
    assert way.last_hop.reason == "one"


def test_what_waits_for_the_network_keeps_its_licence(way: Way) -> None:
    way.link.room = 0
    order = way.order()
    assert way.hand_over(order) == []
    way.link.room = 1
    assert way.departures.leave() == []
    assert way.link.sent == [order]


def test_a_copy_of_what_has_left_has_no_outcome_when_the_link_goes(way: Way) -> None:
    """Were it told as not sent, the order at the engine would be shown as one that never left."""
    order = way.order()
    way.link.room = 1
    way.departures.add([order, order], EPOCH)
    way.link.state = LinkState.LIVE
    assert way.departures.leave() == []
    way.link.state = LinkState.DOWN
    assert way.hand_over(order) == []
    assert way.link.sent == [order]


def test_what_was_given_back_never_leaves_later(way: Way) -> None:
    order = way.order()
    way.link.state = LinkState.DOWN
    assert way.hand_over(order) == [given_back(order)]
    way.link.state = LinkState.LIVE
    assert way.hand_over(order) == []
    assert not way.link.sent
    assert way.last_hop.reason


ORDERS_MAX = 8


@given(st.lists(st.tuples(st.integers(0, ORDERS_MAX - 1), st.integers(0, 3)), max_size=60), st.integers(0, 40))
def test_whatever_is_handed_over_what_leaves_was_journalled_and_leaves_once(
    handed: list[tuple[int, int]], room: int
) -> None:
    """Half of the orders are journalled; copies, other quantities, a full network, and a person who lets it go on."""
    way = Way()
    way.link.room = room
    orders = []
    for number in range(ORDERS_MAX):
        way.desk.place(f"a-{number}")
        orders.append(way.desk.last(NewOrder))
        if number % 2:
            way.journalled(NewOrder)
    for number, spoiled in handed:
        message = orders[number]
        way.hand_over(message if spoiled < 3 else replace(message, quantity_e8=1 + message.quantity_e8))
        if spoiled == 2:
            way.last_hop.rearm()
    left = [message.command_seq for message in way.link.sent]
    assert len(left) == len(set(left)) == way.last_hop.sent
    assert all(message in orders[1::2] for message in way.link.sent)
