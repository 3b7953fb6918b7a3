"""Is the number of sockets bounded, and their pace, and are those who are in left alone?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts.sockets import Door, DoorLimits, SocketDoor, tally
from accounts.sockets.door import RETRY_SECONDS_MAX, VISIT, Visit
from accounts.sockets.tally import Refused
from tests.served import served

HERE, THERE = "192.0.2.1", "192.0.2.2"
WIDE = DoorLimits(sockets=1_000, unknown_per_address=1_000, per_second=1_000, burst=1_000)


class Hand:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def entered(door: Door, address: str = HERE) -> Visit:
    visit = door.enter(address)
    assert isinstance(visit, Visit), visit
    return visit


def test_a_process_takes_so_many_and_again_when_one_has_left() -> None:
    door = Door(WIDE._replace(sockets=2))
    first, _second = entered(door), entered(door)
    assert door.enter(THERE) is Refused.PROCESS
    first.over()
    entered(door)
    assert door.enter(HERE) is Refused.PROCESS


def test_an_address_has_so_many_sockets_that_have_not_said_who_they_are() -> None:
    door = Door(WIDE._replace(unknown_per_address=2))
    first, second = entered(door), entered(door)
    assert door.enter(HERE) is Refused.ADDRESS
    entered(door, THERE)
    first.known()
    entered(door)
    second.over()
    entered(door)
    assert door.enter(HERE) is Refused.ADDRESS


def test_who_was_known_is_not_counted_twice_when_he_leaves() -> None:
    door = Door(WIDE._replace(unknown_per_address=1))
    known = entered(door)
    known.known()
    entered(door)
    known.over()
    assert door.enter(HERE) is Refused.ADDRESS
    assert door.open == 1


def test_a_storm_is_let_in_at_its_pace() -> None:
    clock = Hand()
    door = Door(WIDE._replace(per_second=10, burst=50), clock)
    outcomes = [door.enter(HERE) for _ in range(200)]
    assert sum(isinstance(one, Visit) for one in outcomes) == 50
    assert {one for one in outcomes if not isinstance(one, Visit)} == {Refused.PACE}
    clock.now += 1
    assert sum(isinstance(door.enter(HERE), Visit) for _ in range(200)) == 10


# On the wire ---------------------------------------------------------------------------------------------------------


async def echo(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Any text comes back; `known` says that the client has proven who it is."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message["text"] == "known":
            scope[VISIT].known()
        await send({"type": "websocket.send", "text": message["text"]})


@pytest.fixture
def address() -> Iterator[str]:
    limits = DoorLimits(sockets=3, unknown_per_address=2, per_second=1_000, burst=1_000)
    with served(SocketDoor(echo, Door(limits))) as address:
        yield address


def test_who_is_not_let_in_is_told_why_and_when_to_come_back_and_others_go_on(address: str) -> None:
    before = tally.refused[Refused.ADDRESS]
    with connect(f"ws://{address}/a", proxy=None) as first, connect(f"ws://{address}/a", proxy=None):
        refused = answer_of(address, {"X-Request-ID": "mine-7"})
        assert refused.status_code == 503
        assert 1 <= int(refused.headers["retry-after"]) <= RETRY_SECONDS_MAX
        assert refused.headers["content-type"] == "application/problem+json"
        document = json.loads(refused.body)
        assert (document["code"], document["status"], document["requestId"]) == ("TOO_MANY_SOCKETS", 503, "mine-7")
        assert tally.refused[Refused.ADDRESS] == before + 1
        first.send("known")
        assert first.recv(timeout=10) == "known"
        with connect(f"ws://{address}/a", proxy=None) as third:
            third.send("still served")
            assert third.recv(timeout=10) == "still served"
            assert "as many sockets" in json.loads(answer_of(address).body)["detail"]


def test_times_to_come_back_differ(address: str) -> None:
    with connect(f"ws://{address}/a", proxy=None), connect(f"ws://{address}/a", proxy=None):
        assert len({answer_of(address).headers["retry-after"] for _ in range(40)}) > 2


def answer_of(address: str, headers: dict[str, str] | None = None) -> Any:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://{address}/a", proxy=None, additional_headers=headers)
    return caught.value.response
