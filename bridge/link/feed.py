"""What did the engine publish, is anything missing, and has it fallen silent? The market-data side of the link."""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import zmq
from msgspec import Struct

from bridge.link.disconnections import Disconnections
from bridge.link.places import Places
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames
from bridge.sockets.throttle import Throttle
from bridge.wire.codec import decode_published
from bridge.wire.envelope import Envelope, Kind, check
from bridge.wire.faults import Reason, WireError
from bridge.wire.market import read_rows
from bridge.wire.messages import EngineStatus, TopicHeartbeat
from bridge.wire.sequence import SequenceTracker, Verdict

logger = logging.getLogger(__name__)

#: Batches that may wait for us; beyond it they wait in TCP and at the engine, which drops in the end, and the sequence
#: shows it. From a full queue on libzmq reads nothing until half of it is taken, not even the answer to its heartbeat:
#: that half must never last as long as `HEARTBEAT_TIMEOUT`.
FEED_HWM = 1_000
SILENCE_SECONDS = 1.5  #: three missed heartbeats
LONGEST_RECONNECT_MS = 500  #: an engine that returns is to be heard at once
CONNECT_ANEW_SECONDS = 2.0  #: of silence: libzmq never comes back to a peer that broke its rules, as by a giant frame
LEFT_OVER = frozenset({Verdict.DUPLICATE, Verdict.OLD_EPOCH})


class FeedMessage(Struct, frozen=True):
    """One published message, read and found true.

    `verdict`: NEXT, nothing is missing before it; GAP, something is; REGRESSION, its topic counts backwards; NEW_EPOCH,
    the engine was restarted (or this is the topic's first message): on all but the first the receiver needs a snapshot.
    A heartbeat shows a loss at the tail in the same way. `rows` are those of a batch; `published` is the decoded
    heartbeat or status, None for batches. `sealed`: envelope and payload as they came.
    """

    topic: str
    envelope: Envelope
    verdict: Verdict
    rows: list[Any]
    published: TopicHeartbeat | EngineStatus | None = None
    sealed: tuple[bytes, bytes] = (b"", b"")


class Stream:
    """How far one topic has come on this socket."""

    __slots__ = ("beat_us", "heard_at", "topic", "tracker")

    def __init__(self, topic: str, now: float) -> None:
        self.topic = topic
        self.tracker = SequenceTracker()
        self.beat_us = 0  #: when the last heartbeat was sent, by the engine's clock
        self.heard_at = now

    def judge_beat(self, envelope: Envelope, beat: TopicHeartbeat) -> Verdict:
        """How a heartbeat stands to what came before it on the topic, as `tracker.judge` says it of a batch.

        Messages keep their order: a new heartbeat behind what was received means that the engine counts anew.
        """
        tracker = self.tracker
        if envelope.epoch != tracker.epoch:
            return Verdict.NEW_EPOCH if envelope.epoch > tracker.epoch else Verdict.OLD_EPOCH
        if beat.sent_at_us <= self.beat_us:
            return Verdict.DUPLICATE
        if envelope.seq < tracker.seq:
            return Verdict.REGRESSION
        return Verdict.GAP if envelope.seq > tracker.seq else Verdict.NEXT

    def missing(self, envelope: Envelope, beat: TopicHeartbeat | None) -> int:
        """How many batches a GAP is."""
        return envelope.seq - self.tracker.seq - (beat is None)

    def take(self, envelope: Envelope, beat: TopicHeartbeat | None, now: float) -> None:
        if envelope.epoch > self.tracker.epoch:
            self.beat_us = 0
        if beat is not None:
            self.beat_us = beat.sent_at_us
        self.tracker.reset(envelope.epoch, envelope.seq)
        self.heard_at = now


class FeedLink:
    """A SUB socket on `topics`. libzmq reconnects and subscribes again by itself; the numbers show what was missed.

    `address`: the engine's, or the primary's and its backup's (`Places`): one that stays silent is left for the next.

    `faults` counts refused messages by reason: one that is refused never happened, and where it was an engine's batch
    its number is missing. `left_over` counts repeats and messages of earlier epochs, which are dropped; `missed` the
    batches that never came; `strangers` messages of topics that only begin like ours.
    """

    def __init__(
        self,
        context: Context,
        keyring: KeyRing,
        address: str,
        topics: Iterable[str],
        *,
        role: Role = Role.FEED_BRIDGE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults: Counter[Reason] = Counter()
        self.left_over: Counter[Verdict] = Counter()
        self.missed = self.strangers = 0
        self.is_empty = False
        self._monotonic = monotonic
        self._throttle = Throttle(monotonic=monotonic)
        self._streams = {topic.encode("ascii"): Stream(topic, monotonic()) for topic in topics}
        self.socket = configure(context.socket(zmq.SUB), hwm=FEED_HWM)
        self.socket.set(zmq.RECONNECT_IVL_MAX, LONGEST_RECONNECT_MS)
        keyring.connect(self.socket, role, Role.ENGINE)
        self._renew_keys = partial(keyring.renew, self.socket, role, Role.ENGINE)
        self.disconnections = Disconnections(context, self.socket)
        for name in self._streams:
            self.socket.set(zmq.SUBSCRIBE, name)
        self._places = Places(address)
        self._connected_at = monotonic()
        self.socket.connect(self._places.current)

    def look(self) -> None:
        """Now and then: counts lost connections, and connects anew where nothing at all is heard."""
        self.disconnections.look()
        now = self._monotonic()
        heard_at = max(self._connected_at, *(stream.heard_at for stream in self._streams.values()))
        if now - heard_at > CONNECT_ANEW_SECONDS and not self.socket.poll(0):  # what waits is not silence
            self._connected_at = now
            with contextlib.suppress(zmq.ZMQError):  # where libzmq has given the connection up itself
                self.socket.disconnect(self._places.current)
            self._renew_keys()  # they may have been changed meanwhile
            self._places.move_on()
            self.socket.connect(self._places.current)

    def receive(self, max_messages: int) -> list[FeedMessage]:
        """What waits, at most `max_messages` frames' worth; never blocks. `is_empty` then says whether that was all."""
        messages: list[FeedMessage] = []
        self.is_empty = False
        now = self._monotonic()
        for _ in itertools.repeat(None, max_messages):
            try:
                frames = self._next()
            except zmq.Again:
                self.is_empty = True
                break
            try:
                message = self._read(frames, now)
            except WireError as error:
                self._refuse(error)
                continue
            if message is not None:
                messages.append(message)
        return messages

    def _next(self) -> Frames:
        """As `recv_multipart`, for half the time: a frame knows itself whether it was the last of its message."""
        frame = self.socket.recv(zmq.NOBLOCK, copy=False)
        frames = [frame.bytes]
        while frame.more:
            frame = self.socket.recv(copy=False)
            frames.append(frame.bytes)
        return frames

    def position(self, topic: str) -> tuple[int, int]:
        """(epoch, seq) of the topic's last message that was returned; (0, 0) = none yet."""
        tracker = self._streams[topic.encode("ascii")].tracker
        return tracker.epoch, tracker.seq

    def stand_at_most(self, topic: str, epoch: int, seq: int) -> None:
        """The engine itself says that it has published no more than this: what claimed a greater number was wrong."""
        tracker = self._streams[topic.encode("ascii")].tracker
        if tracker.is_ahead(epoch, seq):
            logger.error("A number was ahead of the engine's own", extra={"topic": topic, "seq": tracker.seq})
            tracker.reset(epoch, seq)

    def silence_seconds(self, topic: str) -> float:
        """Since when nothing true and new has come on `topic`; the engine sends at least a heartbeat each 0.5 s."""
        return self._monotonic() - self._streams[topic.encode("ascii")].heard_at

    def silent_topics(self, limit_seconds: float = SILENCE_SECONDS) -> list[str]:
        now = self._monotonic()
        return [stream.topic for stream in self._streams.values() if now - stream.heard_at > limit_seconds]

    def close(self) -> None:
        self.disconnections.close()
        self.socket.close()

    def _read(self, frames: Frames, now: float) -> FeedMessage | None:
        if len(frames) != 3:
            raise WireError(Reason.FRAME_COUNT, f"{len(frames)} frames, topic, envelope and payload expected")
        name, header, payload = frames
        stream = self._streams.get(name)
        if stream is None:
            self.strangers += 1
            return None
        envelope = check(header, payload)
        if envelope.kind is Kind.MESSAGE:
            return self._published(stream, envelope, frames, now)
        if not (envelope.epoch and envelope.seq):
            raise WireError(Reason.NUMBERING, "a batch without a number")
        rows = read_rows(envelope.kind, payload)
        verdict = self._taken(stream, envelope, None, now)
        sealed = (header, payload)
        return None if verdict is None else FeedMessage(stream.topic, envelope, verdict, rows, None, sealed)

    def _published(self, stream: Stream, envelope: Envelope, frames: Frames, now: float) -> FeedMessage | None:
        published, sealed = decode_published(frames[1:]), (frames[1], frames[2])
        if isinstance(published, EngineStatus):  # not numbered
            stream.heard_at = now
            return FeedMessage(stream.topic, envelope, Verdict.NEXT, [], published, sealed)
        verdict = self._taken(stream, envelope, published, now)
        return None if verdict is None else FeedMessage(stream.topic, envelope, verdict, [], published, sealed)

    def _taken(self, stream: Stream, envelope: Envelope, beat: TopicHeartbeat | None, now: float) -> Verdict | None:
        """The stream stands at the message afterwards; None where it is left over."""
        if beat is None:
            verdict = stream.tracker.judge(envelope.epoch, envelope.seq)
        else:
            verdict = stream.judge_beat(envelope, beat)
        if verdict in LEFT_OVER:
            self.left_over[verdict] += 1
            return None
        if verdict is Verdict.GAP:
            self.missed += stream.missing(envelope, beat)
        stream.take(envelope, beat, now)
        return verdict

    def _refuse(self, error: WireError) -> None:
        self.faults[error.reason] += 1
        if self._throttle.due():
            logger.warning("A published message was refused", extra={"why": str(error), "faults": self.faults})
