"""Does a committed command leave in time, once, and for the engine life that it was meant for, or come back?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.link.states import LinkState
from bridge.wire.messages import CancelOrder, NewOrder, ReplayRequest
from orders.bridge.departures import Departures
from orders.bridge.last_hop import LastHop
from orders.core.inputs import NotSent
from orders.instants import instant
from orders.ledger.columns import command_columns
from tests.orders.core.desk import EPOCH, START_US, Desk


@dataclass
class Link:
    """Takes `room` messages."""

    state: LinkState = LinkState.LIVE
    epoch: int = EPOCH
    room: int = 100
    sent: list[Any] = field(default_factory=list)

    def send(self, message: Any) -> bool:
        if self.state is LinkState.DOWN or not self.room:
            return False
        self.room -= 1
        self.sent.append(message)
        return True


@dataclass
class Clock:
    now_us: int = 0

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def last_hop() -> LastHop:
    return LastHop()


@pytest.fixture
def departures(link: Link, clock: Clock, last_hop: LastHop) -> Departures:
    return Departures(link, clock, last_hop)


@pytest.fixture
def messages(last_hop: LastHop) -> list[Any]:
    """A new order and its cancel, both journalled."""
    desk = Desk()
    desk.go_live()
    order = desk.place()
    desk.do(desk.cancel_input(order.id))
    last_hop.license(command_columns(command, instant(START_US)) for command in desk.commands.values())
    return [desk.last(NewOrder), desk.last(CancelOrder)]


def given_back(message: Any) -> NotSent:
    return NotSent(message.session, message.command_seq)


def test_commands_leave_in_their_order(departures: Departures, link: Link, messages: list[Any]) -> None:
    departures.add(messages, EPOCH)
    assert departures.leave() == []
    assert link.sent == messages
    assert not departures


def test_what_a_full_network_does_not_take_waits(departures: Departures, link: Link, messages: list[Any]) -> None:
    link.room = 1
    departures.add(messages, EPOCH)
    assert departures.leave() == []
    assert len(departures) == 1
    link.room = 1
    departures.leave()
    assert link.sent == messages


def test_nothing_leaves_past_its_deadline(
    departures: Departures, link: Link, clock: Clock, messages: list[Any]
) -> None:
    departures.add(messages, EPOCH)
    clock.now_us = messages[0].deadline_us
    assert departures.leave() == [given_back(each) for each in messages]
    assert not link.sent


def test_without_a_session_everything_comes_back(departures: Departures, link: Link, messages: list[Any]) -> None:
    link.state = LinkState.DOWN
    departures.add([*messages, ReplayRequest(session=1, epoch=EPOCH, after_seq=0)], EPOCH)
    assert departures.leave() == [given_back(each) for each in messages]
    assert not departures


def test_a_new_order_never_reaches_another_life_of_the_engine(
    departures: Departures, link: Link, messages: list[Any]
) -> None:
    """Its instrument's id means another instrument there; a cancel names the order alone."""
    departures.add(messages, EPOCH)
    link.epoch = EPOCH + 1
    assert departures.leave() == [given_back(messages[0])]
    assert link.sent == messages[1:]


def test_what_waits_for_the_network_and_is_halted_meanwhile_comes_back_and_its_cancel_leaves(
    link: Link, clock: Clock, last_hop: LastHop, messages: list[Any]
) -> None:
    halted: list[type] = []
    departures = Departures(link, clock, last_hop, lambda message: type(message) in halted)
    link.room = 0
    departures.add(messages, EPOCH)
    assert departures.leave() == [] and len(departures) == 2
    halted.append(NewOrder)
    link.room = 100
    assert departures.leave() == [NotSent(messages[0].session, messages[0].command_seq)]
    assert link.sent == [messages[1]]
