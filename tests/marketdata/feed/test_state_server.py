"""Who gets the state from the feed bridge, and what happens to requests that are none?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from marketdata.frames import Pace, StatePart, StateRequest, encode, read_state_part
from tests.bridge.waiting import until
from tests.marketdata.lab import Lab
from tests.marketdata.scripted import listing


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield context
    context.destroy(linger=0)


def asker(lab: Lab, context: zmq.Context[zmq.Socket[bytes]], role: Role = Role.WEB) -> zmq.Socket[bytes]:
    socket = configure(context.socket(zmq.DEALER), hwm=10)
    KeyRing(lab.env.keys).connect(socket, role, Role.FEED_BRIDGE)
    socket.connect(lab.env.feed_state)
    return socket


def ask(socket: zmq.Socket[bytes], *frames: bytes) -> None:
    until(lambda: socket.poll(0, zmq.POLLOUT), "a connection")
    socket.send_multipart(frames)


def test_malformed_requests_are_counted_and_the_next_one_is_answered(
    lab: Lab, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    lab.engine(listing())
    feed = lab.feed()
    socket = asker(lab, context)
    ask(socket, b"\xc1")
    ask(socket, b"one", b"too many")
    ask(socket, encode(StateRequest(5)))
    assert socket.poll(10_000)
    assert read_state_part(socket.recv()).request_id == 5
    assert feed.bridge.served()["malformed"] == 2


def test_a_pace_is_noted_and_not_answered(lab: Lab, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    lab.engine(listing())
    feed = lab.feed()
    socket = asker(lab, context)
    ask(socket, encode(Pace(16_000)))
    ask(socket, encode(StateRequest(7)))
    assert socket.poll(10_000)
    assert read_state_part(socket.recv()).request_id == 7
    until(lambda: feed.bridge.flush_seconds == 0.016, "the pace")
    assert feed.bridge.served()["malformed"] == 0


def test_an_impossible_pace_is_refused(lab: Lab, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    lab.engine(listing())
    feed = lab.feed()
    socket = asker(lab, context)
    ask(socket, encode(Pace(3_600_000_000)))
    ask(socket, encode(Pace(-1)))
    until(lambda: feed.bridge.served()["malformed"] == 2, "two refusals")
    assert feed.bridge.flush_seconds < 0.1


def test_before_the_engine_is_there_the_answer_is_that_there_is_nothing(
    lab: Lab, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    lab.feed()
    socket = asker(lab, context)
    ask(socket, encode(StateRequest(1)))
    assert socket.poll(10_000)
    part = read_state_part(socket.recv())
    assert (part.epoch, part.state, part.instruments) == (0, "down", [])


def test_a_pulse_is_answered_without_the_instruments(lab: Lab, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    lab.engine(listing())
    lab.feed()
    socket = asker(lab, context)

    def told() -> StatePart:
        ask(socket, encode(StateRequest(1, pulse=True)))
        assert socket.poll(10_000)
        return read_state_part(socket.recv())

    until(lambda: told().state == "live", "a live market")
    part = told()
    assert part.epoch > 0
    assert (part.numbers, part.instruments, part.parts) == ({}, [], 1)


def test_only_web_processes_and_order_bridges_are_let_in(lab: Lab, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    lab.engine(listing())
    lab.feed()
    welcome, stranger = asker(lab, context), asker(lab, context, Role.WORKER)
    ask(welcome, encode(StateRequest(1)))
    assert welcome.poll(10_000)
    assert not stranger.poll(0, zmq.POLLOUT)
