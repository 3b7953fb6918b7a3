"""A whole engine on real sockets in this thread: the fence, malformed frames, and what they disturb (nothing)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from bridge.simulator.options import EngineOptions
from bridge.simulator.server import Engine
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import encode
from bridge.wire.faults import Reason
from bridge.wire.messages import ClientHeartbeat, CommandReply, ExecutionReport, Hello, SessionReject, Welcome
from bridge.wire.vocabulary import RejectCode, ReplyOutcome
from tests.bridge.simulator.peer import Peer, free_addresses
from tests.bridge.simulator.room import QuietMarket, new_order


class House:
    """An engine whose passes the test drives, and bridges connected to it."""

    def __init__(self, directory: Path, keyring: KeyRing, context: zmq.Context) -> None:
        self._directory, self._keyring, self._context = directory, keyring, context
        self.addresses = free_addresses()
        self.engine = self._engine()

    def _engine(self) -> Engine:
        options = EngineOptions()
        return Engine(
            QuietMarket(), options, directory=self._directory, keyring=self._keyring, addresses=self.addresses
        )

    def restart(self) -> None:
        self.engine.close()
        self.engine = self._engine()

    def peer(self, identity: bytes = b"orders") -> Peer:
        turn = lambda: self.engine.serve_once(0)  # noqa: E731
        return Peer(self._context, self._keyring, self.addresses.commands, identity=identity, turn=turn)


@pytest.fixture
def house(tmp_path: Path, keyring: KeyRing, context: zmq.Context) -> Iterator[House]:
    house = House(tmp_path, keyring, context)
    yield house
    house.engine.close()


def test_reports_come_before_the_reply_that_counts_them(house: House) -> None:
    peer = house.peer()
    peer.hello()
    reply = peer.ask(new_order("x"), CommandReply)
    assert [type(message) for message in peer.messages if not isinstance(message, Welcome)][:2] == [
        ExecutionReport,
        CommandReply,
    ]
    assert reply.last_seq == peer.all_of(ExecutionReport)[-1].seq


def test_a_command_without_hello_is_refused(house: House) -> None:
    reject = house.peer().ask(new_order("x"), SessionReject)
    assert (reject.code, reject.session) == (RejectCode.NO_SESSION, 1)


def test_an_older_session_is_fenced_off(house: House) -> None:
    old, new = house.peer(b"old"), house.peer(b"new")
    old.hello(session=1)
    new.hello(session=2)
    assert old.ask(new_order("x"), SessionReject).code is RejectCode.STALE_SESSION
    assert old.ask(ClientHeartbeat(session=1, sent_at_us=0), SessionReject).code is RejectCode.STALE_SESSION
    hello = Hello(protocol_version=1, session=1, last_epoch=0, last_seq=0, sent_at_us=0)
    assert old.ask(hello, SessionReject).code is RejectCode.STALE_SESSION
    assert new.ask(new_order("x", session=2), CommandReply).outcome is ReplyOutcome.ACCEPTED
    assert old.all_of(ExecutionReport) == []


def test_the_fence_stands_after_a_restart(house: House) -> None:
    house.peer(b"new").hello(session=9)
    house.restart()
    old = house.peer(b"old")
    hello = Hello(protocol_version=1, session=8, last_epoch=0, last_seq=0, sent_at_us=0)
    assert old.ask(hello, SessionReject).code is RejectCode.STALE_SESSION


def test_a_session_may_come_back_on_another_connection(house: House) -> None:
    house.peer(b"first").hello(session=3)
    again = house.peer(b"second")
    again.hello(session=3)
    assert again.ask(new_order("x", session=3), CommandReply).outcome is ReplyOutcome.ACCEPTED


def test_another_protocol_version_is_refused(house: House) -> None:
    hello = Hello(protocol_version=2, session=3, last_epoch=0, last_seq=0, sent_at_us=0)
    assert house.peer().ask(hello, SessionReject).code is RejectCode.VERSION_MISMATCH


HEADER, PAYLOAD = encode(ClientHeartbeat(session=1, sent_at_us=0))


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ((b"",), Reason.FRAME_COUNT),
        ((HEADER, PAYLOAD, b""), Reason.FRAME_COUNT),
        ((b"", b""), Reason.ENVELOPE_SIZE),
        ((b"X" + HEADER[1:], PAYLOAD), Reason.MAGIC),
        ((HEADER, PAYLOAD + b"\x00"), Reason.LENGTH),
        ((HEADER, bytes(len(PAYLOAD))), Reason.CHECKSUM),
        (tuple(encode(Welcome(protocol_version=1, session=1, epoch=1, last_seq=0, sent_at_us=0))), Reason.SCHEMA),
    ],
)
def test_a_malformed_message_is_counted_answered_and_disturbs_nobody(
    house: House, frames: tuple[bytes, ...], reason: Reason
) -> None:
    peer, clumsy = house.peer(), house.peer(b"clumsy")
    peer.hello()
    clumsy.say_frames(*frames)
    assert clumsy.wait(SessionReject).code is RejectCode.MALFORMED
    assert house.engine.faults == {reason: 1}
    assert peer.ask(new_order("x"), CommandReply).outcome is ReplyOutcome.ACCEPTED
