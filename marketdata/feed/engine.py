"""What does the engine publish, and with which state does an epoch begin? The feed bridge's side of the engine link."""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import zmq

from bridge.books import BookError
from bridge.link.feed import SILENCE_SECONDS, FeedLink, FeedMessage
from bridge.link.queries import QueryFault, QueryLink
from bridge.sockets.curve import KeyRing
from bridge.sockets.throttle import Throttle
from bridge.wire.envelope import Kind
from bridge.wire.messages import (
    BookSnapshot,
    BookSnapshotRequest,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    TopicHeartbeat,
)
from bridge.wire.sequence import SequenceTracker, Verdict
from marketdata.feed.instrument import EventTooLarge
from marketdata.feed.market import Market
from marketdata.frames import LATE_SECONDS
from marketdata.lag import Lag
from tradingmw.env import Env

logger = logging.getLogger(__name__)
QUERY_TIMEOUT_MS = 1_000
TOPIC_PREFIX = "md."
MESSAGES_AT_ONCE = 20
TAKERS: Mapping[Kind, Callable[[Market, list[Any]], None]] = {
    Kind.QUOTES: Market.on_quotes,
    Kind.TRADES: Market.on_trades,
    Kind.DEPTH: Market.on_depth,
}


class Desynchronised(Exception):
    """Something is missing or cannot be believed: only a fresh snapshot helps."""


def shard_topic(shard: str) -> str:
    return TOPIC_PREFIX + shard


class EngineFeed:
    """The sockets towards the engine. `repairs` counts by reason why the market had to be fetched anew."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keyring: KeyRing, env: Env) -> None:
        self.repairs: Counter[str] = Counter()
        self.table: list[Instrument] = []
        self.engine_epoch = 0
        self._context, self._keyring, self._env = context, keyring, env
        self._queries = QueryLink(context, keyring, env.engine_queries)
        self._request_ids = itertools.count(1)
        self._link: FeedLink | None = None
        self._trackers: dict[str, SequenceTracker] = {}
        self._rejected: Counter[str] = Counter()
        self._lag = Lag()
        self._missed = 0
        self._throttle = Throttle()

    @property
    def socket(self) -> zmq.Socket[bytes] | None:
        """What to poll; None before the first synchronisation."""
        return self._link.socket if self._link else None

    @property
    def silence_seconds(self) -> float:
        """For how long the most silent topic has said nothing, not even a heartbeat."""
        return max((self._link.silence_seconds(topic) for topic in self._trackers), default=0.0) if self._link else 0.0

    def silent_shards(self) -> frozenset[str]:
        """The shards whose topics have missed three heartbeats."""
        topics = self._link.silent_topics(SILENCE_SECONDS) if self._link else ()
        return frozenset(topic.removeprefix(TOPIC_PREFIX) for topic in topics)

    def silent_ms(self) -> dict[str, int]:
        """For how long each shard's topic has said nothing."""
        link = self._link
        if link is None:
            return {}
        return {topic.removeprefix(TOPIC_PREFIX): int(link.silence_seconds(topic) * 1000) for topic in self._trackers}

    @property
    def missed(self) -> int:
        """Batches that the engine numbered and that never came: lost on the way, or dropped where a queue was full."""
        return self._missed + (self._link.missed if self._link else 0)

    def synchronise(self, market_epoch: int) -> Market:
        """A market from the instrument table and a snapshot of every shard; `QueryFault`, `Desynchronised`."""
        table = self._asked(InstrumentListRequest(request_id=next(self._request_ids)), InstrumentList)
        self._listen({shard_topic(entry.shard) for entry in table.instruments})
        snapshots = [self._snapshot(shard, table.epoch) for shard in sorted({row.shard for row in table.instruments})]
        try:
            market = Market(
                market_epoch,
                table.instruments,
                [row for snapshot in snapshots for row in snapshot.instruments],
                self._rejected,
            )
        except BookError as error:
            raise self._desynchronised("SNAPSHOT", str(error)) from error
        for snapshot in snapshots:
            self._stand_at(snapshot)
        self.table, self.engine_epoch = table.instruments, table.epoch
        return market

    def _stand_at(self, snapshot: BookSnapshot) -> None:
        topic = shard_topic(snapshot.shard)
        self._trackers[topic].reset(snapshot.epoch, snapshot.seq)
        if self._link is not None:
            self._link.stand_at_most(topic, snapshot.epoch, snapshot.seq)

    def drain(self, market: Market, until: float) -> bool:
        """Applies what waits, until the monotonic time `until` at the latest; is nothing left? `Desynchronised`."""
        while self._link is not None:
            for message in self._link.receive(MESSAGES_AT_ONCE):
                self._take(message, market)
            if self._link.is_empty:
                break
            if time.monotonic() >= until:
                return False
        return True

    def faults(self) -> Counter[str]:
        """What came and was not taken, by reason: malformed, repeated, of an earlier epoch, of no known instrument."""
        return self._rejected + (refused_by(self._link) if self._link else Counter())

    def look(self) -> None:
        """Now and then: sees to the connection."""
        if self._link is not None:
            self._link.look()

    def close(self) -> None:
        self._queries.close()
        self._leave_link()

    def _leave_link(self) -> None:
        if self._link is not None:
            self._rejected += refused_by(self._link)
            self._missed += self._link.missed
            self._link.close()
            self._link = None

    def _listen(self, topics: set[str]) -> None:
        if self._link is None or topics != self._trackers.keys():
            self._leave_link()
            self._link = FeedLink(self._context, self._keyring, self._env.engine_market_data, sorted(topics))
            self._trackers = {topic: SequenceTracker() for topic in topics}
            self._lag.forget()

    def _snapshot(self, shard: str, epoch: int) -> BookSnapshot:
        request = BookSnapshotRequest(request_id=next(self._request_ids), shard=shard)
        snapshot: BookSnapshot = self._asked(request, BookSnapshot)
        if (snapshot.epoch, snapshot.shard) != (epoch, shard):
            raise self._desynchronised("SNAPSHOT", f"asked for {shard} in {epoch}, got {snapshot.shard}")
        return snapshot

    def _asked(self, request: Any, wanted: type[Any]) -> Any:
        reply = self._queries.ask(request, QUERY_TIMEOUT_MS)
        if not isinstance(reply, wanted):
            self._rejected["QUERY"] += 1
            raise QueryFault(f"{type(request).__name__} was answered with {reply}")
        return reply

    def _take(self, message: FeedMessage, market: Market) -> None:
        tracker, envelope = self._trackers[message.topic], message.envelope
        epoch, seq = envelope.epoch, envelope.seq
        if message.verdict is Verdict.REGRESSION:
            facts = {"topic": message.topic, "epoch": epoch, "seq": seq, "before": tracker.seq}
            logger.error("The engine counts backwards within an epoch", extra=facts)
            raise self._desynchronised("REGRESSION", f"{message.topic} went back to {seq} in epoch {epoch}")
        beat = message.published is not None
        verdict = tracker.judge(epoch, seq + beat)
        if verdict is Verdict.NEXT and not beat:
            self._apply(envelope.kind, message.rows, market)
            tracker.reset(epoch, seq)
        elif verdict is Verdict.NEXT and isinstance(message.published, TopicHeartbeat):
            self._look_at_delay(message.topic, message.published, market)
        elif verdict in (Verdict.GAP, Verdict.NEW_EPOCH):
            if message.verdict is Verdict.NEW_EPOCH and epoch == tracker.epoch:  # the first one that the link heard
                self._missed += seq + beat - tracker.seq - 1
            raise self._desynchronised(verdict.name, f"{message.topic} is at {epoch} {seq}")

    def _look_at_delay(self, topic: str, beat: TopicHeartbeat, market: Market) -> None:
        """Heartbeats wait behind the batches: one that waited too long shows that we do not keep up with the engine.

        What waits is thrown away with its connection, and a snapshot taken instead.
        """
        waited_seconds = self._lag.seconds(beat.sent_at_us, market.now_us)
        if waited_seconds > LATE_SECONDS:
            self._leave_link()
            raise self._desynchronised("LATE", f"{topic} was read {waited_seconds:.1f} s late")

    def _apply(self, kind: Kind, rows: list[Any], market: Market) -> None:
        try:
            TAKERS[kind](market, rows)
        except (BookError, EventTooLarge) as error:
            raise self._desynchronised("BOOK", str(error)) from error

    def _desynchronised(self, reason: str, detail: str) -> Desynchronised:
        self.repairs[reason] += 1
        if self._throttle.due():
            facts = {"why": detail, "repairs": dict(self.repairs), "missed": self.missed}
            logger.warning("Market data must be fetched anew", extra=facts)
        return Desynchronised(detail)


def refused_by(link: FeedLink) -> Counter[str]:
    """What the link did not hand on. DISCONNECTED: libzmq cut the connection itself, as it does for a giant frame."""
    found: Counter[str] = Counter({reason.value: count for reason, count in link.faults.items()})
    found.update({verdict.name: count for verdict, count in link.left_over.items()})
    found.update(OTHER_TOPIC=link.strangers, DISCONNECTED=link.disconnections.seen)
    return +found
