"""What does the feed bridge do, turn by turn? One thread: engine in, frames and states out.

There is a market only while nothing is missing. After a gap, in a new engine epoch, or when something cannot be
believed, the market is thrown away and a new one, with an epoch of its own, is made from fresh snapshots; what the
engine publishes meanwhile waits in the socket, whose bound shows as a further gap.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import zmq

from bridge.link.queries import QueryFault
from bridge.sockets.curve import Gatekeeper, KeyRing, Role
from bridge.sockets.throttle import Throttle
from marketdata.feed.engine import Desynchronised, EngineFeed
from marketdata.feed.figures import show_feed
from marketdata.feed.keeper import InstrumentKeeper
from marketdata.feed.market import Market
from marketdata.feed.prices import LastPrice
from marketdata.feed.publication import Publication
from marketdata.feed.state_server import (
    Parts,
    Question,
    StateServer,
    no_prices,
    no_state,
    top_prices,
    whole_state,
)
from marketdata.frames import (
    HEARTBEAT_SECONDS,
    LOOK_SECONDS,
    FeedState,
    PricesPart,
    PricesRequest,
    StatePart,
    StateRequest,
)
from marketdata.lag import clock_us
from marketdata.services import instruments_store
from tradingmw.env import Env
from tradingmw.layers import layer_publisher

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.25


class FeedBridge:
    """`FeedBridge(env).run(stop)` serves until `stop` is set. `store` keeps the instrument table of each epoch.

    `on_prices` is told after a flush how last prices moved, by symbol, and at the beginning of an epoch how they stand;
    it is called in the bridge's one thread and must not wait.
    """

    def __init__(
        self,
        env: Env,
        store: Callable[..., None] = instruments_store,
        on_prices: Callable[[Mapping[str, LastPrice]], None] | None = None,
    ) -> None:
        self._env, self._store, self._on_prices = env, store, on_prices
        self._market: Market | None = None
        self._left: Market | None = None  #: the market until something was missed
        self._epoch = 0
        self._state = FeedState.DOWN
        self._retry_at = self._flushed_at = self._beat_at = 0.0
        self._caught_up = False  #: nothing waited in the engine's socket when it was read last
        self.flush_seconds = env.feed_flush_ms / 1000  #: between two flushes, now
        self._throttle = Throttle()

    def run(self, stop: threading.Event) -> None:
        """Opens every socket, works until `stop` is set, and closes them again."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        keyring = KeyRing(self._env.keys)
        gatekeeper = Gatekeeper(context, keyring)
        closing: list[Callable[[], None]] = [context.term, gatekeeper.stop]
        try:
            self._open(context, keyring, gatekeeper, closing)
            while not stop.is_set():
                self._turn()
        finally:
            for close in reversed(closing):
                close()

    def _open(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        keyring: KeyRing,
        gatekeeper: Gatekeeper,
        closing: list[Callable[[], None]],
    ) -> None:
        publisher = layer_publisher(self._env, context, keyring, Role.FEED_BRIDGE)
        closing.append(publisher.close)
        self._publication = Publication(publisher)
        self._server = StateServer(context, keyring, gatekeeper, self._env)
        closing.append(self._server.close)
        self._engine = EngineFeed(context, keyring, self._env)
        closing.append(self._engine.close)
        self._keeper = InstrumentKeeper(self._store)
        closing.append(self._keeper.close)
        show_feed(lambda: self._state, self._engine, self._publication, self._server, publisher)

    def rejected(self) -> Counter[str]:
        """What the engine said and was not taken, by reason, since the start."""
        return self._engine.faults()

    def repairs(self) -> Counter[str]:
        """Why the market was fetched anew, by reason, since the start."""
        return self._engine.repairs

    @property
    def missed(self) -> int:
        """Batches of the engine that never came."""
        return self._engine.missed

    def served(self) -> Counter[str]:
        """How state requests fared: answered, malformed, unsent."""
        return self._server.counts

    # One turn ----------------------------------------------------------------------------------------------------
    def _turn(self) -> None:
        self._wait()
        if self._market is None:
            self._synchronise_if_due()
        else:
            self._take(self._market)
        self._server.serve(self._answer)
        self._flush_if_due()
        self._beat_if_due()

    def _wait(self) -> None:
        """Until a socket is readable, a flush or a heartbeat is due.

        What the engine publishes right after a flush gathers in its socket: to be woken for each message costs more
        than to read it. Not while more waits there than can be read in a turn.
        """
        gathering = self._market is not None and self._caught_up and time.monotonic() < self._flush_at
        poller = zmq.Poller()
        poller.register(self._server.socket, zmq.POLLIN)
        if self._market is not None and self._engine.socket is not None and not gathering:
            poller.register(self._engine.socket, zmq.POLLIN)
        poller.poll(max(0, math.ceil(self._due_in_seconds(gathering) * 1000)))

    @property
    def _flush_at(self) -> float:
        """When the next flush may be, at the earliest."""
        return self._flushed_at + self.flush_seconds

    def _due_in_seconds(self, gathering: bool) -> float:
        due = [self._beat_at + HEARTBEAT_SECONDS]
        if self._market is None:
            due.append(self._retry_at)
        elif gathering or self._waiting(self._market):
            due.append(self._flush_at)
        return min(LOOK_SECONDS, min(due) - time.monotonic())

    def _take(self, market: Market) -> None:
        market.now_us = clock_us()
        until = max(self._flush_at, time.monotonic() + self.flush_seconds)
        try:
            self._caught_up = self._engine.drain(market, until)
        except Desynchronised:
            self._flush(market)  # what came before the gap was true
            self._market, self._left, self._retry_at = None, market, 0.0
            self._become(FeedState.SYNCING)
            return
        silent = self._engine.silent_shards()
        self._become(FeedState.STALE if silent else FeedState.LIVE)
        market.set_stale(silent)

    def _become(self, state: FeedState) -> None:
        """Hubs hear of a new state at once."""
        if state is not self._state:
            self._state, self._beat_at = state, 0.0

    # Synchronising -----------------------------------------------------------------------------------------------
    def _synchronise_if_due(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        try:
            market = self._engine.synchronise(self._next_epoch())
        except (QueryFault, Desynchronised) as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._give_up()
            if self._throttle.due():
                logger.warning("The engine's market cannot be fetched", extra={"why": str(error)})
            return
        self._begin(market)

    def _give_up(self) -> None:
        """There is no market for now: what was left of the last one is stale."""
        self._become(FeedState.DOWN)
        if self._left is not None:
            self._left.set_stale(self._left.shards)
            self._flush(self._left)
            self._left = None

    def _next_epoch(self) -> int:
        """The clock's microseconds, and in any case more than before."""
        self._epoch = max(clock_us(), self._epoch + 1)
        return self._epoch

    def _begin(self, market: Market) -> None:
        market.now_us = clock_us()
        self._market, self._left, self._state = market, None, FeedState.LIVE
        self._publication.begin(market.epoch, market.shards)
        self._beat_at = 0.0  # hubs hear of the new epoch at once
        self._keeper.keep(self._engine.table, self._engine.engine_epoch)
        self._tell_prices(market)
        facts = {"epoch": market.epoch, "engine_epoch": self._engine.engine_epoch, "count": len(self._engine.table)}
        logger.info("Market data is live", extra=facts)

    # Out ---------------------------------------------------------------------------------------------------------
    def _age_ms(self) -> int:
        return int(self._engine.silence_seconds * 1000)

    @staticmethod
    def _waiting(market: Market) -> bool:
        return any(market.pending.values())

    def _flush_if_due(self) -> None:
        market = self._market
        if market and self._waiting(market) and time.monotonic() >= self._flush_at:
            self._flush(market)

    def _flush(self, market: Market) -> None:
        market.settle()
        now_us, age_ms = clock_us(), self._age_ms()
        for shard in market.shards:
            if updates := market.taken(shard):
                self._publication.publish(shard, updates, now_us, self._state, age_ms)
        self._flushed_at = time.monotonic()
        self._tell_prices(market)

    def _tell_prices(self, market: Market) -> None:
        if self._on_prices is not None and (prices := market.prices.taken()):
            self._on_prices(prices)

    def _beat_if_due(self) -> None:
        now = time.monotonic()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            self._engine.look()
            self.flush_seconds = max(self._env.feed_flush_ms / 1000, self._server.paces.longest_seconds())
            self._publication.heartbeat(clock_us(), self._state, self._age_ms())

    def _answer(self, question: Question) -> Parts:
        return self._prices(question) if isinstance(question, PricesRequest) else self._parts(question)

    def _prices(self, request: PricesRequest) -> Iterator[PricesPart]:
        if self._market is None:
            return no_prices(request.request_id, self._state)
        return top_prices(request.request_id, self._market, self._state, self._engine.silent_ms())

    def _parts(self, request: StateRequest) -> Iterator[StatePart]:
        """The state as of the last frame: whatever waits is flushed first."""
        market = self._market
        if market is None:
            return no_state(request.request_id, self._state, self._age_ms(), clock_us())
        if request.pulse:
            return no_state(request.request_id, self._state, self._age_ms(), clock_us(), market.epoch)
        self._flush(market)
        market.now_us = clock_us()
        return whole_state(request.request_id, market, self._publication.numbers, self._state, self._age_ms())
