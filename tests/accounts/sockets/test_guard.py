"""Is a client that floods, fragments, does not read or does not leave ended, and one that is only slow not?"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.sockets import tally
from accounts.sockets.guard import CONTROLS_BURST, FRAGMENTS_BURST, FRAGMENTS_MAX, GuardedProtocol
from accounts.sockets.tally import Ended
from tests.raw_client import BINARY, CONT, PING, PONG, TEXT, RawClient, frame
from tests.served import served
from tests.stack import wait_for

WINDOW_BYTES = 4_096


class Impatient(GuardedProtocol):
    """The same with less patience, for tests."""

    stall_seconds, leave_seconds = 1.0, 0.5


class Echo:
    """Any text comes back; `/talk` sends without end, `/close` sends until the client is slow and closes with 4503."""

    def __init__(self) -> None:
        self.left: list[int] = []
        self.sent = 0

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        talking = [asyncio.ensure_future(self._talk(scope["path"], send))] if scope["path"] != "/" else []
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        self.left.append(message["code"])
        for task in talking:
            task.cancel()

    async def _talk(self, path: str, send: Callable[[Any], Any]) -> None:
        if path == "/close":
            await send({"type": "websocket.send", "bytes": bytes(1_000_000)})
            await send({"type": "websocket.close", "code": 4503})
        while path == "/talk":
            await send({"type": "websocket.send", "bytes": bytes(1_000)})
            self.sent += 1


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def port(echo: Echo) -> Iterator[int]:
    with served(echo, ws=Impatient) as address:
        yield int(address.partition(":")[2])


@pytest.fixture(autouse=True)
def ended() -> Iterator[Counter[str]]:
    """What was ended in this test."""
    tally.ended.clear()
    yield tally.ended
    tally.ended.update(dict.fromkeys(Ended, 0))


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_a_flood_of_pings_or_pongs_is_closed_with_1008(port: int, ended: Counter[str], opcode: int) -> None:
    with RawClient(port, "/") as client:
        for _ in range(100):
            client.send(*[frame(opcode, b"x" * 125)] * 100)
        assert client.close_code() == 1008
    assert ended[Ended.FRAMES] == 1


def test_a_burst_of_pings_is_answered(port: int) -> None:
    with RawClient(port, "/") as client:
        client.send(*[frame(PING, b"%d" % number) for number in range(CONTROLS_BURST)])
        for number in range(CONTROLS_BURST):
            answer = client.frame()
            assert answer == (PONG, b"%d" % number)


@pytest.mark.parametrize("payload", [b"x", b""], ids=["of a byte", "empty"])
def test_a_message_in_too_many_fragments_is_closed_with_1009(port: int, ended: Counter[str], payload: bytes) -> None:
    with RawClient(port, "/") as client:
        client.send(frame(TEXT, b"x", fin=False), *[frame(CONT, payload, fin=False)] * 65_535)
        assert client.close_code() == 1009
    assert ended[Ended.FRAGMENTS] == 1


def test_a_message_in_as_many_fragments_as_there_may_be_arrives_whole(port: int) -> None:
    with RawClient(port, "/") as client:
        parts = [frame(CONT, b"x" * 60, fin=False)] * (FRAGMENTS_MAX - 2)
        client.send(frame(TEXT, b"x" * 60, fin=False), *parts, frame(CONT, b"x"))
        answer = client.frame()
        assert answer == (TEXT, b"x" * (60 * (FRAGMENTS_MAX - 1) + 1))


def test_who_vanishes_while_his_frames_wait_disturbs_nobody(port: int, echo: Echo, caplog: Any) -> None:
    for _ in range(10):
        client = RawClient(port, "/")
        client.send(*[frame(PING, b"x")] * (CONTROLS_BURST - 1))
        client.abort()
    wait_for(lambda: len(echo.left) == 10, 10, "the end of all")
    test_a_burst_of_pings_is_answered(port)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_whole_messages_are_no_loose_frames(port: int) -> None:
    with RawClient(port, "/") as client:
        for number in range(3 * FRAGMENTS_BURST):
            client.send(frame(TEXT, b"%d" % number))
            answer = client.frame()
            assert answer == (TEXT, b"%d" % number)


def test_ten_megabytes_are_closed_with_1009_while_they_still_come(port: int, ended: Counter[str]) -> None:
    with RawClient(port, "/") as client:
        client.send(frame(BINARY, bytes(10_000_000)))
        assert client.close_code() == 1009
    assert ended[Ended.PROTOCOL] == 1


def test_who_reads_nothing_is_given_up(port: int, echo: Echo, ended: Counter[str]) -> None:
    with RawClient(port, "/talk", window_bytes=WINDOW_BYTES):
        wait_for(lambda: echo.left == [4008], 20, "the end of the stalled socket")
    assert ended[Ended.STALLED] == 1


def test_who_reads_again_in_time_finds_the_close(port: int, echo: Echo) -> None:
    with RawClient(port, "/talk", window_bytes=WINDOW_BYTES) as client:
        wait_for(lambda: tally.ended[Ended.STALLED], 20, "the end of the stalled socket")
        assert client.close_code() == 4008


def test_who_reads_slowly_is_not_given_up(port: int, echo: Echo, ended: Counter[str]) -> None:
    enough = time.monotonic() + 3 * Impatient.stall_seconds

    def sip() -> bool:
        """A little of what there is."""
        client.socket.recv(16_384)
        return time.monotonic() > enough

    with RawClient(port, "/talk", window_bytes=WINDOW_BYTES) as client:
        wait_for(sip, 20, "three times as long as a stall may last")
        assert not echo.left
    assert ended[Ended.STALLED] == 0


def test_a_close_does_not_wait_for_a_client_that_does_not_read(port: int, echo: Echo) -> None:
    with RawClient(port, "/close", window_bytes=WINDOW_BYTES):
        wait_for(lambda: echo.left == [4503], 20, "the end of the closed socket")
