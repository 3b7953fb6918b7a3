"""Who asks for the state, and how is it answered? A ROUTER that only web processes and order bridges may reach.

Web processes ask for all of it, and say how often they can pass frames on; order bridges ask for prices.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import msgspec
import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.gates import Gate
from bridge.sockets.options import configure
from bridge.sockets.throttle import Throttle
from marketdata.feed.market import Market
from marketdata.feed.pace import Paces
from marketdata.frames import (
    PART_BYTES,
    PRICES_PER_PART,
    FeedState,
    InstrumentState,
    Pace,
    PricesPart,
    PricesRequest,
    StatePart,
    StateRequest,
    TopPrice,
    encode,
    read_state_request,
)
from tradingmw.env import Env

logger = logging.getLogger(__name__)
HWM = 2_000  #: parts that may wait for one asker
REQUESTS_PER_TURN = 10
Question = StateRequest | PricesRequest
Parts = Iterator[StatePart] | Iterator[PricesPart]


class StateServer:
    """`counts`: answered, malformed, unsent."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], keyring: KeyRing, gatekeeper: Gatekeeper, env: Env
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.paces = Paces()
        self.socket = configure(context.socket(zmq.ROUTER), hwm=HWM)
        gatekeeper.allow(Domain.FEED_STATE, ADMITTED[Domain.FEED_STATE])
        gatekeeper.watch(self.socket, Domain.FEED_STATE)
        keyring.serve(self.socket, Role.FEED_BRIDGE, Domain.FEED_STATE)
        self._gate = Gate(gatekeeper, self.socket, Domain.FEED_STATE, env.feed_state)
        self._throttle = Throttle()

    def serve(self, parts: Callable[[Question], Parts]) -> None:
        """Answers the requests that wait, up to a turn's worth, each with `parts(request)`; to call in every turn."""
        self._gate.look()
        for _ in range(REQUESTS_PER_TURN):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                identity, payload = frames
                request = read_state_request(payload)
            except (ValueError, msgspec.MsgspecError) as error:
                self._refuse(error)
                continue
            if isinstance(request, Pace):
                self.paces.note(identity, request.interval_us / 1e6)
            else:
                self._answer(identity, parts(request))

    def close(self) -> None:
        self.socket.close()

    def _answer(self, identity: bytes, parts: Parts) -> None:
        try:
            for part in parts:
                self.socket.send_multipart([identity, encode(part)], zmq.NOBLOCK)
        except zmq.ZMQError:  # the asker is gone or reads too slowly: it will ask again
            self.counts["unsent"] += 1
        else:
            self.counts["answered"] += 1

    def _refuse(self, error: Exception) -> None:
        self.counts["malformed"] += 1
        if self._throttle.due():
            logger.warning("A state request was refused", extra={"why": str(error), "counts": dict(self.counts)})


def no_state(request_id: int, state: FeedState, age_ms: int, now_us: int, epoch: int = 0) -> Iterator[StatePart]:
    """The answer while there is no market, or to a pulse."""
    yield StatePart(request_id, epoch, {}, state, age_ms, now_us, 0, 1, [])


def whole_state(
    request_id: int, market: Market, numbers: dict[str, int], state: FeedState, age_ms: int
) -> Iterator[StatePart]:
    """The market in parts, all of this moment; call with nothing waiting to be flushed."""
    instruments = [one.state(market.now_us) for one in market.instruments]
    portions = list(_portions(instruments)) or [[]]
    for index, portion in enumerate(portions):
        yield StatePart(request_id, market.epoch, numbers, state, age_ms, market.now_us, index, len(portions), portion)


def _portions(instruments: list[InstrumentState]) -> Iterator[list[InstrumentState]]:
    portion: list[InstrumentState] = []
    size = 0
    for one in instruments:
        portion.append(one)
        size += len(one.quote) + len(one.book) + len(one.trades)
        if size >= PART_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def no_prices(request_id: int, state: FeedState) -> Iterator[PricesPart]:
    """The answer while there is no market."""
    yield PricesPart(request_id, 0, state, 0, 1, [])


def top_prices(request_id: int, market: Market, state: FeedState, silent_ms: Mapping[str, int]) -> Iterator[PricesPart]:
    """The prices as they stand, in parts; `silent_ms` by shard. What waits to be flushed is in them."""
    prices = [
        TopPrice(one.symbol, one.quote.bid_e8, one.quote.ask_e8, one.quote.last_e8, one.quote.item.quality, age_ms)
        for one in market.instruments
        if (age_ms := silent_ms.get(one.shard)) is not None
    ]
    portions = [prices[at : at + PRICES_PER_PART] for at in range(0, len(prices), PRICES_PER_PART)] or [[]]
    for index, portion in enumerate(portions):
        yield PricesPart(request_id, market.epoch, state, index, len(portions), portion)
