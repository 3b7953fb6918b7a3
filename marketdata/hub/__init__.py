"""What does this process know of the market? One hub per event loop; the first use starts it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer

from bridge.sockets.pump import process_pump
from marketdata.frames import topic
from marketdata.hub.books import BookTopic
from marketdata.hub.figures import show_hub
from marketdata.hub.hub import Hub
from marketdata.hub.options import Options
from marketdata.hub.pulse import FeedPulse
from marketdata.hub.pushes import Heartbeat
from marketdata.hub.quotes import QuoteTopic
from marketdata.hub.sinks import sink_of
from marketdata.hub.source import HubSource
from marketdata.hub.state_link import StateLink
from marketdata.hub.subscriber import Subscriber
from marketdata.hub.trades import TradeTopic
from marketdata.hub.views import Moment, Topic
from marketdata.items import BookItem, Channel, Item, QuoteItem, TradesItem
from tradingmw.env import Env, env
from tradingmw.errors import Code, NotFound, Unavailable

__all__ = [
    "Heartbeat",
    "MarketHub",
    "Options",
    "Subscriber",
    "hub_of_process",
    "market_hub",
    "market_hub_closed",
    "sink_of",
]

READY_SECONDS = 3.0  #: how long a first caller waits for the feed bridge's state


class MarketHub:
    """The hub of one event loop and what feeds it. Only that loop may use it."""

    def __init__(self, env: Env, layer: Any) -> None:
        """Starts at once on the running loop. `layer` is a channel layer."""
        loop = asyncio.get_running_loop()
        self.counts: Counter[str] = Counter()
        self.hub = Hub(loop, env.hub_flush_ms / 1000)
        self.source = HubSource(self.hub, layer, StateLink(process_pump(), env, self.counts), self.counts)
        self.pulse = FeedPulse(StateLink(process_pump(), env, self.counts))
        show_hub(self.hub, self.source, layer)
        self._task = loop.create_task(self.source.run())

    async def close(self) -> None:
        """Ends what feeds the hub; its sockets stay as they are."""
        self.pulse.close()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def ready(self) -> None:
        """Returns once there is a state; `Unavailable` (FEED_UNAVAILABLE) where none comes in time."""
        if not await self.source.ready(READY_SECONDS):
            raise Unavailable("There is no market data yet.", code=Code.FEED_UNAVAILABLE, retry_after_seconds=1)

    def carries(self, symbol: str) -> bool:
        return topic(Channel.QUOTES, symbol) in self.hub.topics

    async def quotes(self, symbols: Iterable[str]) -> list[Item]:
        """The quote of each symbol; `NotFound`, `Unavailable`."""
        await self.ready()
        return [self._topic(Channel.QUOTES, symbol).snapshot(0, self._moment()) for symbol in symbols]

    async def book(self, symbol: str, depth: int) -> BookItem:
        """The best `depth` levels; `NotFound`, `Unavailable`."""
        await self.ready()
        found = self._topic(Channel.BOOK, symbol)
        assert isinstance(found, BookTopic)  # noqa: S101 - the channel names the type
        return found.top(depth)

    async def trades(self, symbol: str) -> TradesItem:
        """The last trades, oldest first; `NotFound`, `Unavailable`."""
        await self.ready()
        found = self._topic(Channel.TRADES, symbol)
        assert isinstance(found, TradeTopic)  # noqa: S101
        return found.snapshot(0, self._moment())

    def newest_quote(self, symbol: str) -> QuoteItem | None:
        """As it was published last, whether the feed lives or not; None where it is not carried. From any thread:
        what is read here is replaced whole and never changed."""
        found = self.hub.topics.get(topic(Channel.QUOTES, symbol))
        return found.whole() if isinstance(found, QuoteTopic) else None

    def _topic(self, channel: Channel, symbol: str) -> Topic:
        found = self.hub.topics.get(topic(channel, symbol))
        if found is None:
            raise NotFound("The symbol is not traded here.", code=Code.UNKNOWN_INSTRUMENT)
        return found

    def _moment(self) -> Moment:
        return Moment(time.time_ns() // 1000, self.hub.live)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, MarketHub] = WeakKeyDictionary()


def market_hub() -> MarketHub:
    """The hub of the running loop, started by the first call."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = MarketHub(env(), get_channel_layer())
    return _hubs[loop]


def hub_of_process() -> MarketHub | None:
    """The hub of the loop that serves here, from any thread; None where none has been started."""
    return next((hub for loop, hub in list(_hubs.items()) if loop.is_running()), None)


async def market_hub_closed() -> None:
    """Ends the running loop's hub, where it has one."""
    if hub := _hubs.pop(asyncio.get_running_loop(), None):
        await hub.close()
