"""What does the engine publish, so that it can be followed again from nothing? One thread: sockets in, a file out.

A recording has parts. Each begins with the engine's answers (the instrument table, a snapshot of every shard) and goes
on with every message that follows them without a hole. After a loss, and in a new epoch, the next part begins: what is
recorded never pretends to be whole where it is not. Orders are no part of it: the engine tells of them to the order
bridge alone.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import zmq

from bridge.link.feed import FeedLink, FeedMessage
from bridge.link.queries import QueryFault, QueryLink
from bridge.link.work import WorkLink
from bridge.recording.file import Kind, Recorded, RecordingWriter
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.pump import Context, Socket
from bridge.sockets.throttle import Throttle
from bridge.wire.codec import encode
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, EngineStatus, InstrumentList, InstrumentListRequest
from bridge.wire.sequence import SequenceTracker, Verdict

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer", InstrumentList, BookSnapshot)

STATUS = "status"
QUERY_TIMEOUT_MS = 2_000
RETRY_SECONDS = 0.5
FLUSH_SECONDS = 1.0
TURN_MS = 100
MESSAGES_AT_ONCE = 500


class Addresses(NamedTuple):
    """Where the engine is; `work` empty where bars are left to others."""

    market_data: str
    queries: str
    work: str = ""


class Recorder:
    """`run` until `stop`. `counts`: messages by what they are; `parts`, `refused` (by reason), `away` beside them."""

    def __init__(
        self,
        context: Context,
        keyring: KeyRing,
        addresses: Addresses,
        writer: RecordingWriter,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._context, self._keyring, self._addresses = context, keyring, addresses
        self._writer, self._clock_ns = writer, clock_ns
        self._queries = QueryLink(context, keyring, addresses.queries, role=Role.RECORDER)
        self._work = WorkLink(context, keyring, addresses.work) if addresses.work else None
        self._feed: FeedLink | None = None
        self._trackers: dict[str, SequenceTracker] = {}
        self._whole = False  #: a part has begun and nothing is missing in it
        self._retry_at = 0.0
        self._flush_at = time.monotonic() + FLUSH_SECONDS
        self._request_ids = itertools.count(1)
        self._throttle = Throttle()

    @property
    def is_whole(self) -> bool:
        """Whether the engine is followed at this moment."""
        return self._whole

    def refused(self) -> Counter[str]:
        """Messages that could not be believed, by reason; none of them is in the recording."""
        links = [link for link in (self._feed, self._queries, self._work) if link is not None]
        return sum((Counter({str(reason): n for reason, n in link.faults.items()}) for link in links), Counter())

    def run(self, stop: threading.Event) -> None:
        """`RecordingStopped` where the disk takes no more."""
        while not stop.is_set():
            self.turn()

    def turn(self) -> None:
        """Wait a little for messages, and record them."""
        if not self._whole and time.monotonic() >= self._retry_at:
            self._begin_if_possible()
        self._wait()
        if self._feed is not None:
            self._feed.look()
            if self._whole:
                self._hear(self._feed)
        self._take_bars()
        if time.monotonic() >= self._flush_at:
            self._flush_at = time.monotonic() + FLUSH_SECONDS
            self._writer.flush()

    def close(self) -> None:
        for link in (self._feed, self._queries, self._work):
            if link is not None:
                link.close()

    def _wait(self) -> None:
        poller = zmq.Poller()
        for link in (self._feed if self._whole else None, self._work):
            if link is not None:
                poller.register(link.socket, zmq.POLLIN)
        poller.poll(TURN_MS)

    # --- parts -------------------------------------------------------------------------------------------------------
    def _begin_if_possible(self) -> None:
        try:
            self._begin()
        except QueryFault as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self.counts["away"] += 1
            if self._throttle.due():
                logger.warning("The engine does not answer; the recorder goes on asking", extra={"why": str(error)})

    def _begin(self) -> None:
        """Subscribe, and keep what arrives; then ask for the table and the snapshots that it goes on from."""
        table = self._asked(InstrumentListRequest(request_id=next(self._request_ids)), InstrumentList)
        shards = sorted({row.shard for row in table.instruments})
        self._listen({f"md.{shard}" for shard in shards}).poll(QUERY_TIMEOUT_MS)  # the subscription is in force
        snapshots = [
            self._asked(BookSnapshotRequest(request_id=next(self._request_ids), shard=shard), BookSnapshot)
            for shard in shards
        ]
        if any(snapshot.epoch != table.epoch for snapshot in snapshots):
            raise QueryFault("The engine was restarted between two answers.")
        self._keep(Kind.TABLE, "", *encode(table))
        for snapshot in snapshots:
            self._trackers[f"md.{snapshot.shard}"].reset(snapshot.epoch, snapshot.seq)
            self._keep(Kind.SNAPSHOT, "", *encode(snapshot))
        self.counts["parts"] += 1
        self._whole = True

    def _asked(self, request: InstrumentListRequest | BookSnapshotRequest, answer: type[Answer]) -> Answer:
        reply = self._queries.ask(request, QUERY_TIMEOUT_MS)
        if not isinstance(reply, answer):
            raise QueryFault(f"The engine answered {type(reply).__name__}.")
        return reply

    def _listen(self, topics: set[str]) -> Socket:
        """The socket that is subscribed to them."""
        if self._feed is not None and topics == self._trackers.keys():
            return self._feed.socket
        if self._feed is not None:
            self._feed.close()
        self._trackers = {topic: SequenceTracker() for topic in topics}
        names = [*sorted(topics), STATUS]
        self._feed = FeedLink(self._context, self._keyring, self._addresses.market_data, names, role=Role.RECORDER)
        return self._feed.socket

    # --- what is heard -----------------------------------------------------------------------------------------------
    def _hear(self, feed: FeedLink) -> None:
        for message in feed.receive(MESSAGES_AT_ONCE):
            if isinstance(message.published, EngineStatus):
                self._keep(Kind.PUBLISHED, message.topic, *message.sealed)
            elif not self._follows(message):
                return  # what else was read belongs to no part: the next one begins with a snapshot behind it

    def _follows(self, message: FeedMessage) -> bool:
        """Record it where it is next; False where something is missing before it."""
        tracker, envelope = self._trackers[message.topic], message.envelope
        if message.published is not None:  # a heartbeat: it names the last batch
            missing = (envelope.epoch, envelope.seq) > (tracker.epoch, tracker.seq)
            is_next = (envelope.epoch, envelope.seq) == (tracker.epoch, tracker.seq)
        else:
            verdict = tracker.judge(envelope.epoch, envelope.seq)
            is_next, missing = verdict is Verdict.NEXT, verdict in (Verdict.GAP, Verdict.NEW_EPOCH)
        if missing or message.verdict is Verdict.REGRESSION:
            self._lose(message)
            return False
        if is_next:
            tracker.reset(envelope.epoch, envelope.seq)
            self._keep(Kind.PUBLISHED, message.topic, *message.sealed)
        return True

    def _lose(self, message: FeedMessage) -> None:
        self._whole, self._retry_at = False, 0.0
        facts = {"topic": message.topic, "epoch": message.envelope.epoch, "seq": message.envelope.seq}
        logger.warning("Something is missing: the recording begins anew from a snapshot", extra=facts)

    def _take_bars(self) -> None:
        for bar in self._work.receive(MESSAGES_AT_ONCE) if self._work else ():
            self._keep(Kind.BAR, "", *encode(bar))

    def _keep(self, kind: Kind, topic: str, envelope: bytes, payload: bytes) -> None:
        self.counts[kind.name.lower()] += 1
        self._writer.add(Recorded(kind, self._clock_ns(), topic.encode("ascii"), envelope, payload))
