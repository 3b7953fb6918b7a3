"""What does the engine publish, and with which state does an epoch begin? The feed bridge's side of the engine link."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import zmq

from bridge.books import BookError
from bridge.link.feed import FeedLink, FeedMessage
from bridge.link.queries import QueryFault, QueryLink
from bridge.sockets.curve import KeyRing
from bridge.sockets.throttle import Throttle
from bridge.wire.envelope import Kind
from bridge.wire.faults import WireError
from bridge.wire.market import read_depth, read_quotes, read_trades
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, Instrument, InstrumentList, InstrumentListRequest
from bridge.wire.sequence import SequenceTracker, Verdict
from marketdata.feed.instrument import EventTooLarge
from marketdata.feed.market import Market
from tradingmw.env import Env

logger = logging.getLogger(__name__)
QUERY_TIMEOUT_MS = 1_000
MESSAGES_PER_TURN = 200
READERS: dict[Kind, tuple[Callable[[bytes], list[Any]], str]] = {
    Kind.QUOTES: (read_quotes, "on_quotes"),
    Kind.TRADES: (read_trades, "on_trades"),
    Kind.DEPTH: (read_depth, "on_depth"),
}


class Desynchronised(Exception):
    """Something is missing or cannot be believed: only a fresh snapshot helps."""


def shard_topic(shard: str) -> str:
    return f"md.{shard}"


class EngineFeed:
    """The sockets towards the engine. `rejected` counts what was refused, by reason."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keyring: KeyRing, env: Env) -> None:
        self.rejected: Counter[str] = Counter()
        self.table: list[Instrument] = []
        self.engine_epoch = 0
        self._context, self._keyring, self._env = context, keyring, env
        self._queries = QueryLink(context, keyring, env.engine_queries)
        self._request_ids = itertools.count(1)
        self._link: FeedLink | None = None
        self._trackers: dict[str, SequenceTracker] = {}
        self._throttle = Throttle()

    @property
    def socket(self) -> zmq.Socket[bytes] | None:
        """What to poll; None before the first synchronisation."""
        return self._link.socket if self._link else None

    @property
    def silence_seconds(self) -> float:
        """For how long the most silent topic has said nothing, not even a heartbeat."""
        return max((self._link.silence_seconds(topic) for topic in self._trackers), default=0.0) if self._link else 0.0

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
                self.rejected,
            )
        except BookError as error:
            raise self._desynchronised("SNAPSHOT", str(error)) from error
        for snapshot in snapshots:
            self._trackers[shard_topic(snapshot.shard)].reset(snapshot.epoch, snapshot.seq)
        self.table, self.engine_epoch = table.instruments, table.epoch
        return market

    def drain(self, market: Market) -> None:
        """Applies what waits, up to a turn's worth; `Desynchronised`."""
        if self._link is not None:
            for message in self._link.receive(MESSAGES_PER_TURN):
                self._take(message, market)

    def faults(self) -> Counter[str]:
        """What was refused by the link and by us, by reason."""
        of_link = self._link.faults if self._link else Counter[Any]()
        return self.rejected + Counter({str(reason): count for reason, count in of_link.items()})

    def close(self) -> None:
        self._queries.close()
        if self._link is not None:
            self._link.close()

    def _listen(self, topics: set[str]) -> None:
        if self._link is None or topics != self._trackers.keys():
            if self._link is not None:
                self._link.close()
            self._link = FeedLink(self._context, self._keyring, self._env.engine_market_data, sorted(topics))
            self._trackers = {topic: SequenceTracker() for topic in topics}

    def _snapshot(self, shard: str, epoch: int) -> BookSnapshot:
        request = BookSnapshotRequest(request_id=next(self._request_ids), shard=shard)
        snapshot: BookSnapshot = self._asked(request, BookSnapshot)
        if (snapshot.epoch, snapshot.shard) != (epoch, shard):
            raise self._desynchronised("SNAPSHOT", f"asked for {shard} in {epoch}, got {snapshot.shard}")
        return snapshot

    def _asked(self, request: Any, wanted: type[Any]) -> Any:
        reply = self._queries.ask(request, QUERY_TIMEOUT_MS)
        if not isinstance(reply, wanted):
            self.rejected["QUERY"] += 1
            raise QueryFault(f"{type(request).__name__} was answered with {reply}")
        return reply

    def _take(self, message: FeedMessage, market: Market) -> None:
        tracker, envelope = self._trackers[message.topic], message.envelope
        if message.published is not None:
            if tracker.is_behind(envelope.epoch, envelope.seq):
                raise self._desynchronised("GAP", f"{message.topic} stands at {envelope.seq}")
            return
        verdict = tracker.judge(envelope.epoch, envelope.seq)
        if verdict is Verdict.NEXT:
            self._apply(message, market)
            tracker.advance(envelope.epoch, envelope.seq)
        elif verdict in (Verdict.GAP, Verdict.NEW_EPOCH):
            raise self._desynchronised(verdict.name, f"{message.topic} {envelope.epoch} {envelope.seq}")

    def _apply(self, message: FeedMessage, market: Market) -> None:
        """A batch that cannot be believed is a lost batch."""
        try:
            read, taker = READERS[message.envelope.kind]
            getattr(market, taker)(read(message.payload))
        except WireError as error:
            raise self._desynchronised(error.reason, str(error)) from error
        except (BookError, EventTooLarge) as error:
            raise self._desynchronised("BOOK", str(error)) from error

    def _desynchronised(self, reason: str, detail: str) -> Desynchronised:
        self.rejected[reason] += 1
        if self._throttle.due():
            logger.warning("Market data must be fetched anew", extra={"why": detail, "rejected": dict(self.rejected)})
        return Desynchronised(detail)
