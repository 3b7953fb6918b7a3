"""Who is served, what a slow bridge loses, and how it gets it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from bridge.simulator.sessions import SLICE, Sessions
from bridge.sockets.options import configure
from bridge.wire.codec import decode_from_engine
from bridge.wire.messages import EngineHeartbeat, ExecutionReport, FromEngine, ReplayDone
from bridge.wire.vocabulary import RejectCode
from tests.bridge.simulator.room import Room, mass_cancel
from tests.bridge.waiting import until

SMALL_HWM = 10
NAME = b"orders"


class Line:
    """An engine's ROUTER and a bridge's DEALER without a network between them, so that queues are counted exactly."""

    def __init__(self, context: zmq.Context, directory: Path, hwm: int = SMALL_HWM) -> None:
        self.router = configure(context.socket(zmq.ROUTER), hwm=hwm)
        self.router.bind("inproc://commands")
        self.dealer = configure(context.socket(zmq.DEALER), hwm=hwm, identity=NAME)
        self.dealer.connect("inproc://commands")
        self.dealer.send(b"here")
        self.router.recv_multipart()
        self.room = Room(directory, emit=lambda frames: self.sessions.report(frames))
        self.sessions = Sessions(self.router, self.room.log, 0, lambda: 77)
        self.sessions.adopt(5, NAME)

    def report(self, count: int, first: int = 0) -> None:
        for number in range(first, first + count):
            self.room.new(f"order-{number}", session=5)
        self.room.journal.commit(1)

    def read(self) -> list[FromEngine]:
        messages = []
        while self.dealer.poll(0):
            messages.append(decode_from_engine(self.dealer.recv_multipart()))
        return messages


@pytest.fixture
def line(context: zmq.Context, tmp_path: Path) -> Line:
    return Line(context, tmp_path)


def seqs(messages: list[FromEngine]) -> list[int]:
    return [message.seq for message in messages if isinstance(message, ExecutionReport)]


def is_done(messages: list[FromEngine]) -> bool:
    return bool(messages) and isinstance(messages[-1], ReplayDone)


def drain(line: Line, enough: Callable[[list[FromEngine]], bool]) -> list[FromEngine]:
    messages: list[FromEngine] = []

    def turn() -> bool:
        line.sessions.deliver()
        messages.extend(line.read())
        return enough(messages)

    until(turn, "enough messages")
    return messages


def test_a_bridge_that_does_not_read_loses_reports_and_the_engine_goes_on(line: Line) -> None:
    line.report(100)
    line.sessions.deliver()
    got = seqs(line.read())
    assert got == list(range(1, len(got) + 1))
    assert len(got) < 100
    assert line.sessions.dropped["report"] == 100 - len(got)


def test_what_was_lost_comes_again_on_request(line: Line) -> None:
    line.report(100)
    line.sessions.deliver()
    got = seqs(line.read())
    line.sessions.start_replay(line.room.log.epoch, got[-1])
    messages = drain(line, is_done)
    assert seqs(messages) == list(range(got[-1] + 1, 101))
    assert messages[-1].complete  # type: ignore[union-attr]


def test_reports_made_during_a_replay_come_after_it_each_once(line: Line) -> None:
    line.report(30)
    line.sessions.deliver()
    line.read()
    line.sessions.start_replay(0, 0)
    line.sessions.deliver()
    line.report(5, first=30)
    messages = drain(line, is_done)
    assert seqs(messages) == list(range(1, 36))


def test_answers_pass_between_the_slices_of_a_replay(context: zmq.Context, tmp_path: Path) -> None:
    line = Line(context, tmp_path, hwm=10_000)
    line.report(2 * SLICE)
    line.sessions.deliver()
    line.read()
    line.sessions.start_replay(0, 0)
    line.sessions.deliver()
    line.sessions.heartbeat()
    messages = drain(line, is_done)
    assert [type(message) for message in messages].index(EngineHeartbeat) == SLICE
    assert seqs(messages) == list(range(1, 2 * SLICE + 1))


def test_only_the_newest_session_on_its_own_connection_is_served(line: Line) -> None:
    assert line.sessions.fault(5, NAME) is None
    assert line.sessions.fault(4, NAME) is RejectCode.STALE_SESSION
    assert line.sessions.fault(6, NAME) is RejectCode.NO_SESSION
    assert line.sessions.fault(5, b"another") is RejectCode.NO_SESSION


def test_a_bridge_that_is_gone_is_noticed_and_forgotten(line: Line) -> None:
    line.sessions.adopt(6, b"never connected")
    line.report(3)
    line.sessions.deliver()
    line.sessions.heartbeat()
    line.sessions.deliver()
    assert line.sessions.dropped["report"] == 3
    assert line.read() == []


def test_replies_say_when_they_were_sent(line: Line) -> None:
    line.sessions.answer(NAME, line.room.send(mass_cancel("firm")))
    line.sessions.deliver()
    assert [message.sent_at_us for message in line.read()] == [77]  # type: ignore[union-attr]
