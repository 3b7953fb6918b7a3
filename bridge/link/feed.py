"""What did the engine publish, is anything missing, and has it fallen silent? The market-data side of the link."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames
from bridge.sockets.throttle import Throttle
from bridge.wire.codec import decode_published
from bridge.wire.envelope import Envelope, Kind, check
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import EngineStatus, TopicHeartbeat
from bridge.wire.sequence import SequenceTracker, Verdict

logger = logging.getLogger(__name__)

FEED_HWM = 10_000  #: batches that may wait for us; beyond it the engine drops, and the sequence shows it
SILENCE_SECONDS = 3.0
LEFT_OVER = frozenset({Verdict.DUPLICATE, Verdict.OLD_EPOCH})


class FeedMessage(NamedTuple):
    """One published message whose envelope was found true.

    `verdict`: NEXT, nothing is missing before it; GAP, something is; NEW_EPOCH, the engine was restarted (or this is
    the topic's first message): on both the receiver needs a snapshot. A heartbeat shows a loss at the tail in the same
    way. `published` is the decoded heartbeat or status, None for batches, whose `payload` the receiver reads.
    """

    topic: str
    envelope: Envelope
    payload: bytes
    verdict: Verdict
    published: TopicHeartbeat | EngineStatus | None = None


class FeedLink:
    """A SUB socket on `topics`. libzmq reconnects and subscribes again by itself; the numbers show what was missed.

    `faults` counts refused messages by reason, `left_over` repeats and messages of earlier epochs, which are dropped.
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
        self._monotonic = monotonic
        self._throttle = Throttle(monotonic=monotonic)
        self._trackers = {topic: SequenceTracker() for topic in topics}
        self._heard = dict.fromkeys(self._trackers, monotonic())
        self.socket = configure(context.socket(zmq.SUB), hwm=FEED_HWM)
        keyring.connect(self.socket, role, Role.ENGINE)
        for topic in self._trackers:
            self.socket.set(zmq.SUBSCRIBE, topic.encode("ascii"))
        self.socket.connect(address)

    def receive(self, max_messages: int) -> list[FeedMessage]:
        """What waits, at most `max_messages` frames' worth; never blocks."""
        messages: list[FeedMessage] = []
        for _ in range(max_messages):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            try:
                message = self._read(frames)
            except WireError as error:
                self._refuse(error)
                continue
            if message is not None:
                messages.append(message)
        return messages

    def position(self, topic: str) -> tuple[int, int]:
        """(epoch, seq) of the topic's last message that was returned; (0, 0) = none yet."""
        tracker = self._trackers[topic]
        return tracker.epoch, tracker.seq

    def silence_seconds(self, topic: str) -> float:
        """Since when nothing true has come on `topic`; the engine sends at least a heartbeat each second."""
        return self._monotonic() - self._heard[topic]

    def silent_topics(self, limit_seconds: float = SILENCE_SECONDS) -> list[str]:
        return [topic for topic in self._trackers if self.silence_seconds(topic) > limit_seconds]

    def close(self) -> None:
        self.socket.close()

    def _read(self, frames: Frames) -> FeedMessage | None:
        if len(frames) != 3:
            raise WireError(Reason.FRAME_COUNT, f"{len(frames)} frames, topic, envelope and payload expected")
        topic = frames[0].decode("ascii", "replace")
        if (tracker := self._trackers.get(topic)) is None:
            return None  # the prefix of one we subscribed to
        envelope = check(frames[1], frames[2])
        published = decode_published(frames[1:]) if envelope.kind is Kind.MESSAGE else None
        self._heard[topic] = self._monotonic()
        verdict = _verdict(tracker, envelope, published)
        if verdict in LEFT_OVER:
            self.left_over[verdict] += 1
            return None
        return FeedMessage(topic, envelope, frames[2], verdict, published)

    def _refuse(self, error: WireError) -> None:
        self.faults[error.reason] += 1
        if self._throttle.due():
            logger.warning("A published message was refused", extra={"why": str(error), "faults": self.faults})


def _verdict(tracker: SequenceTracker, envelope: Envelope, published: TopicHeartbeat | EngineStatus | None) -> Verdict:
    """How the message stands to its topic's numbers, which stand at it afterwards."""
    if isinstance(published, EngineStatus):
        return Verdict.NEXT  # not numbered
    if published is not None:
        return _heartbeat_verdict(tracker, envelope)
    if envelope.epoch == 0 or envelope.seq == 0:
        raise WireError(Reason.NUMBERING, "a batch without a number")
    verdict = tracker.judge(envelope.epoch, envelope.seq)
    if verdict not in LEFT_OVER:
        tracker.reset(envelope.epoch, envelope.seq)
    return verdict


def _heartbeat_verdict(tracker: SequenceTracker, heartbeat: Envelope) -> Verdict:
    if heartbeat.epoch < tracker.epoch:
        return Verdict.OLD_EPOCH
    if not tracker.is_behind(heartbeat.epoch, heartbeat.seq):
        return Verdict.NEXT
    verdict = Verdict.NEW_EPOCH if heartbeat.epoch > tracker.epoch else Verdict.GAP
    tracker.reset(heartbeat.epoch, heartbeat.seq)
    return verdict
