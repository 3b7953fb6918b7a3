"""What did the engine publish while orders came and went?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import zmq

from bridge.conformance.conversation import now_us
from bridge.conformance.subject import Subject
from bridge.conformance.trading import Trader, trading
from bridge.conformance.verdicts import Unmet
from bridge.sockets.curve import Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Frames, Socket
from bridge.wire.codec import decode_published
from bridge.wire.envelope import Envelope, Kind, check
from bridge.wire.faults import Reason, WireError
from bridge.wire.market import read_rows
from bridge.wire.messages import BookSnapshot, EngineStatus, Instrument, TopicHeartbeat

HWM = 10_000
EVERYTHING = b""
STATUS = "status"
NO_OPTIONS: Mapping[int, int] = MappingProxyType({})
BEATS = 3  #: heartbeats of a topic that tell whether it has them
LOOK_MS = 10
LOOKS = 5  #: between two orders
TURN = 1_000  #: messages taken at once
MOST_MESSAGES = 1_000_000  #: a recording is bounded


class Published(NamedTuple):
    """One message of the market-data socket; `fault` where it cannot be read."""

    at_us: int
    topic: str
    envelope: Envelope
    rows: list[Any]
    message: TopicHeartbeat | EngineStatus | None = None
    fault: str = ""


class Recording(NamedTuple):
    """What came between two snapshots of one shard, and shortly after."""

    instrument: Instrument
    epoch: int  #: the instrument table's
    before: BookSnapshot
    after: BookSnapshot
    published: list[Published]

    def of_topic(self) -> list[Published]:
        """What came on the instrument's shard."""
        return [each for each in self.published if each.topic == self.topic]

    @property
    def topic(self) -> str:
        return topic_of(self.instrument)


def topic_of(instrument: Instrument) -> str:
    return f"md.{instrument.shard}"


class Listener:
    """A SUB socket on all topics."""

    def __init__(self, subject: Subject, options: Mapping[int, int]) -> None:
        self.published: list[Published] = []
        self._patience_seconds = subject.terms.patience_seconds
        self.socket: Socket = configure(subject.context.socket(zmq.SUB), hwm=HWM)
        for option, value in options.items():
            self.socket.set(option, value)
        subject.keyring.connect(self.socket, Role.FEED_BRIDGE, Role.ENGINE)
        self.socket.set(zmq.SUBSCRIBE, EVERYTHING)
        self.socket.connect(subject.addresses.market_data)

    def listen(self, wait_ms: int = 0) -> None:
        """Take in what waits, or what comes within `wait_ms`."""
        for _ in range(TURN):
            if len(self.published) >= MOST_MESSAGES or not self.socket.poll(wait_ms):
                return
            self.published.append(read(self.socket.recv_multipart(zmq.NOBLOCK)))
            wait_ms = 0

    def until_number(self, topic: str, epoch: int, seq: int) -> None:
        """Listen until the topic has said, by a batch or a heartbeat, that it has come as far as (epoch, seq)."""
        deadline = time.monotonic() + self._patience_seconds
        seen = 0
        while True:
            numbers = (each.envelope for each in self.published[seen:] if each.topic == topic)
            if any((each.epoch, each.seq) >= (epoch, seq) for each in numbers):
                return
            if time.monotonic() > deadline:
                raise Unmet(f"nothing came on {topic} up to epoch {epoch}, message {seq}")
            seen = len(self.published)
            self.listen(LOOK_MS)

    def close(self) -> None:
        self.socket.close()


def read(frames: Frames) -> Published:
    """A published message, whatever is wrong with it."""
    nothing = Envelope(Kind.MESSAGE, 0, 0)
    topic = frames[0].decode("ascii", "replace")
    try:
        if len(frames) != 3:
            raise WireError(Reason.FRAME_COUNT, f"{len(frames)} frames, topic, envelope and payload expected")
        envelope = check(frames[1], frames[2])
        if envelope.kind is Kind.MESSAGE:
            return Published(now_us(), topic, envelope, [], decode_published(frames[1:]))
        return Published(now_us(), topic, envelope, read_rows(envelope.kind, frames[2]))
    except WireError as error:
        return Published(now_us(), topic, nothing, [], fault=str(error))


@contextmanager
def listening(subject: Subject, options: Mapping[int, int] = NO_OPTIONS) -> Iterator[Listener]:
    """A listener; its socket has `options` besides those that every socket has."""
    listener = Listener(subject, options)
    try:
        yield listener
    finally:
        listener.close()


def recorded(subject: Subject) -> Recording:
    """The recording of this run: made once, judged by many checks."""
    return subject.once(record)


def record(subject: Subject) -> Recording:
    """A recording of `watch_seconds`, in which orders of ours move the book."""
    with listening(subject) as listener, trading(subject) as trader:
        topic, epoch = topic_of(trader.instrument), subject.instruments().epoch
        listener.until_number(topic, epoch, 0)
        before = subject.snapshot(trader.instrument.shard)
        _stir(subject, listener, trader)
        after = subject.snapshot(trader.instrument.shard)
        listener.until_number(topic, after.epoch, after.seq)
        return Recording(trader.instrument, epoch, before, after, listener.published)


def _stir(subject: Subject, listener: Listener, trader: Trader) -> None:
    """Orders come and go, and one stays, until enough was seen or nothing more can be hoped for."""
    began, topic = time.monotonic(), topic_of(trader.instrument)
    trader.rest()
    while True:
        seconds = time.monotonic() - began
        hoping = seconds < subject.terms.patience_seconds and not _enough(listener, topic)
        if seconds > subject.terms.watch_seconds and not hoping:
            return
        trader.cancel(trader.rest())
        for _ in range(LOOKS):
            listener.listen(LOOK_MS)


def _enough(listener: Listener, topic: str) -> bool:
    """Every sign of life that is to be judged."""
    beats = sum(each.topic == topic and isinstance(each.message, TopicHeartbeat) for each in listener.published)
    return beats >= BEATS and any(each.topic == STATUS for each in listener.published)
