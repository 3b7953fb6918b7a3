"""Are sockets, and sockets alone, sent away before anything is made for them, with the answer that they always had?"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts.sockets import Door, DoorLimits, SocketDoor, tally
from accounts.sockets.door import RETRY_SECONDS_MAX
from accounts.sockets.knock import HEAD_BYTES_MAX, sent_away, wanted_by
from accounts.sockets.tally import Refused
from tests.raw_client import head
from tests.served import served
from tradingmw.server import BoundedHttpProtocol, SocketProtocol

PATH = "/ws/v1/market"
WIDE = DoorLimits(sockets=1_000, unknown_per_address=1_000, per_second=1, burst=1_000)
HANDSHAKE = head(PATH, 8000)


def taken(limits: DoorLimits, times: int) -> Door:
    """A door through which so many have come, at a time that stands still."""
    door = Door(limits, lambda: 1_000.0)
    for _ in range(times):
        door.enter("192.0.2.1")
    return door


def test_a_handshake_is_known_by_its_path() -> None:
    assert wanted_by(HANDSHAKE) == PATH
    assert wanted_by(HANDSHAKE.replace(PATH.encode(), b"/ws/v1/a%20b?ticket=t")) == "/ws/v1/a b"
    assert wanted_by(HANDSHAKE.replace(b"Upgrade: websocket", b"UPGRADE:WebSocket")) == PATH
    assert wanted_by(HANDSHAKE.replace(b"Connection: Upgrade", b"connection: keep-alive, Upgrade")) == PATH


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nUser-Agent: upgrade: websocket\r\nX: connection: upgrade\r\n\r\n",
        HANDSHAKE.replace(b"GET", b"POST"),
        HANDSHAKE.replace(b"Connection: Upgrade\r\n", b""),
        HANDSHAKE.replace(b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n"),
        HANDSHAKE[:-1],
        HANDSHAKE + b"GET /healthz HTTP/1.1\r\n",
        HANDSHAKE + HANDSHAKE,
        HANDSHAKE[:-2] + b"x: " + b"y" * HEAD_BYTES_MAX + b"\r\n\r\n",
    ],
)
def test_all_else_takes_the_usual_way(data: bytes) -> None:
    before = tally.refused.copy()
    assert wanted_by(data) == ""
    assert sent_away(taken(WIDE, WIDE.burst), data) == b""
    assert tally.refused == before


def test_nobody_is_sent_away_while_there_is_room_and_no_room_is_taken_by_asking() -> None:
    door = taken(WIDE, WIDE.burst - 1)
    assert [sent_away(door, HANDSHAKE) for _ in range(3)] == [b""] * 3
    door.enter("192.0.2.1")
    assert sent_away(door, HANDSHAKE)


@pytest.mark.parametrize(
    ("limits", "reason"), [(WIDE._replace(sockets=2), Refused.PROCESS), (WIDE._replace(burst=2), Refused.PACE)]
)
def test_each_who_is_sent_away_is_counted_by_reason(limits: DoorLimits, reason: Refused) -> None:
    door, before = taken(limits, 2), tally.refused[reason]
    assert sent_away(door, HANDSHAKE).startswith(b"HTTP/1.1 503 ")
    assert tally.refused[reason] == before + 1


# On the wire ---------------------------------------------------------------------------------------------------------


async def application(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Any socket is let in and stays; any page is empty."""
    await receive()
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def by_kind(door: Door) -> Callable[..., Any]:
    """The same, sockets through `door`."""
    sockets = SocketDoor(application, door)

    async def chosen(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await (sockets if scope["type"] == "websocket" else application)(scope, receive, send)

    return chosen


@contextmanager
def full(knocks: bool) -> Iterator[str]:
    """A process that has the one socket that it takes."""
    door = Door(WIDE._replace(sockets=1))
    http = BoundedHttpProtocol.of(door) if knocks else BoundedHttpProtocol
    with served(by_kind(door), ws=SocketProtocol, http=http) as address, connect(f"ws://{address}{PATH}", proxy=None):
        yield address


def refused(address: str) -> Any:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://{address}{PATH}?ticket=t", proxy=None, additional_headers={"X-Request-ID": "mine-7"})
    return caught.value.response


def test_the_answer_is_the_one_of_the_usual_way() -> None:
    answers = []
    for knocks in (False, True):
        with full(knocks) as address:
            answers.append(refused(address))
    usual, quick = answers
    assert (quick.status_code, quick.reason_phrase) == (usual.status_code, usual.reason_phrase)
    assert json.loads(quick.body) == json.loads(usual.body)
    assert json.loads(quick.body)["requestId"] == quick.headers["x-request-id"] == "mine-7"
    assert 1 <= int(quick.headers["retry-after"]) <= RETRY_SECONDS_MAX
    assert {name.lower() for name in quick.headers} == {name.lower() for name in usual.headers}


def test_pages_are_served_while_sockets_are_sent_away_and_after_it() -> None:
    with full(knocks=True) as address, httpx.Client(base_url=f"http://{address}") as client:
        for _ in range(3):
            assert client.get("/").status_code == 200  # on one connection
            assert refused(address).status_code == 503


def test_a_handshake_in_pieces_is_sent_away_too() -> None:
    with full(knocks=True) as address:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            for at in range(0, len(HANDSHAKE), 20):
                client.sendall(HANDSHAKE[at : at + 20])
            assert client.recv(12) == b"HTTP/1.1 503"
