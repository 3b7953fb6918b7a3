"""What may a client ask on the market socket?"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.sockets import AuthenticatedConsumer, Nothing, Pushes
from accounts.sockets.methods import Handler
from marketdata.hub import Heartbeat, Subscriber, market_hub, sink_of
from marketdata.items import BookItem, Channel, QuoteItem, TradeItem, TradesItem
from tradingmw.errors import Code, InvalidRequest, NotFound

SYMBOLS_AT_ONCE = 1_000

ChannelName = Annotated[str, Meta(extra_json_schema={"enum": [channel.value for channel in Channel]})]
Symbols = Annotated[list[str], Meta(min_length=1, max_length=SYMBOLS_AT_ONCE)]
NotOffered = Annotated[Literal[False] | None, Meta(description="Not offered yet.")]


class Following(Struct, frozen=True, rename="camel"):
    """Fields that we do not know are ignored."""

    channel: ChannelName
    symbols: Symbols
    snapshot: bool = True
    depth: NotOffered = None
    max_rate: NotOffered = None
    delta: NotOffered = None


class SymbolAnswer(Struct, frozen=True):
    """Is the symbol followed, and if not, why?"""

    status: Literal["ok", "error"]
    code: Code | UnsetType = UNSET


class Followed(Struct, frozen=True):
    symbols: dict[str, SymbolAnswer]


class Followings(Struct, frozen=True):
    """The symbols of each channel that is followed."""

    channels: dict[ChannelName, list[str]]


FOLLOWED = SymbolAnswer("ok")
NOT_CARRIED = SymbolAnswer("error", Code.UNKNOWN_SYMBOL)


def channel_of(asked: Following) -> Channel:
    if asked.channel not in set(Channel):
        raise InvalidRequest("Channels here are quotes, trades and book.", code=Code.UNKNOWN_CHANNEL)
    return Channel(asked.channel)


class MarketConsumer(AuthenticatedConsumer):
    """`/ws/v1/market`: quotes, trades and books. The hub sends; this only says who follows what."""

    subscriber: Subscriber
    pushes: ClassVar[dict[str, Pushes]] = {
        "quotes": Pushes("The best prices and sizes, last, volume and the day's figures.", QuoteItem, QuoteItem),
        "trades": Pushes("Each trade; the snapshot holds the last ones.", TradeItem, TradesItem),
        "book": Pushes("The levels that changed; the snapshot, and a catching up, all of them.", BookItem, BookItem),
        "heartbeat": Pushes("Each second: the feed's state and age.", Heartbeat),
    }

    async def on_authenticated(self) -> None:
        self.subscriber = Subscriber(sink_of(self.scope, self.write), self.format)
        market_hub().hub.join(self.subscriber)

    async def on_disconnect(self) -> None:
        market_hub().hub.leave(self.subscriber)

    async def subscribe(self, asked: Following) -> Followed:
        """Follow symbols on a channel; `ok` if one of them can be. Snapshots come after the result, then updates."""
        channel, symbols = channel_of(asked), list(dict.fromkeys(asked.symbols))
        market = market_hub()
        await market.ready()
        carried = [symbol for symbol in symbols if market.carries(symbol)]
        if not carried:
            raise NotFound("None of the symbols is carried.", code=Code.UNKNOWN_SYMBOL)
        market.hub.subscribe(self.subscriber, channel, carried, snapshot=asked.snapshot)
        known = set(carried)
        return Followed({symbol: FOLLOWED if symbol in known else NOT_CARRIED for symbol in symbols})

    async def unsubscribe(self, asked: Following) -> Followed:
        """Follow symbols on a channel no more."""
        market_hub().hub.unsubscribe(self.subscriber, channel_of(asked), asked.symbols)
        return Followed(dict.fromkeys(asked.symbols, FOLLOWED))

    async def unsubscribe_all(self, _params: Nothing) -> Nothing:
        """Follow nothing any more."""
        for channel, symbols in self.subscriber.wants.items():
            market_hub().hub.unsubscribe(self.subscriber, channel, tuple(symbols))
        return Nothing()

    async def subscriptions(self, _params: Nothing) -> Followings:
        """Which symbols are followed on which channel?"""
        return Followings({channel: sorted(wants) for channel, wants in self.subscriber.wants.items() if wants})

    methods: ClassVar[dict[str, Handler]] = {
        "subscribe": subscribe,
        "unsubscribe": unsubscribe,
        "unsubscribeAll": unsubscribe_all,
        "subscriptions": subscriptions,
    }
