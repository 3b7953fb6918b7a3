"""What may a client ask on the market socket?"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from accounts.sockets import AuthenticatedConsumer
from marketdata.hub import Subscriber, market_hub, sink_of
from marketdata.items import Channel
from tradingmw.errors import Code, InvalidRequest, NotFound

SYMBOLS_AT_ONCE = 1_000
LATER = ("depth", "maxRate", "delta")


class Following(Struct):
    """Params of subscribe and unsubscribe. Fields that we do not know are ignored; those in `LATER` are refused."""

    channel: str
    symbols: list[str] = []
    snapshot: bool = True


def checked(params: dict[str, Any]) -> tuple[Channel, list[str], bool]:
    """Channel, distinct symbols and whether snapshots are wanted; `InvalidRequest`, `msgspec.ValidationError`."""
    asked = msgspec.convert(params, Following)
    if later := [name for name in LATER if params.get(name) not in (None, False)]:
        raise InvalidRequest(f"Not offered yet: {', '.join(later)}.", code=Code.INVALID_PARAMS)
    if asked.channel not in set(Channel):
        raise InvalidRequest("Channels here are quotes, trades and book.", code=Code.UNKNOWN_CHANNEL)
    if not 1 <= len(asked.symbols) <= SYMBOLS_AT_ONCE:
        raise InvalidRequest(f"symbols must name 1 to {SYMBOLS_AT_ONCE} symbols.", code=Code.INVALID_PARAMS)
    return Channel(asked.channel), list(dict.fromkeys(asked.symbols)), asked.snapshot


class MarketConsumer(AuthenticatedConsumer):
    """`/ws/v1/market`: quotes, trades and books. The hub sends; this only says who follows what."""

    subscriber: Subscriber

    async def on_authenticated(self) -> None:
        self.subscriber = Subscriber(sink_of(self.scope, self.write), self.format)
        market_hub().hub.join(self.subscriber)

    async def on_disconnect(self) -> None:
        market_hub().hub.leave(self.subscriber)

    async def subscribe(self, params: dict[str, Any]) -> dict[str, Any]:
        channel, symbols, snapshot = checked(params)
        market = market_hub()
        await market.ready()
        carried = [symbol for symbol in symbols if market.carries(symbol)]
        if not carried:
            raise NotFound("None of the symbols is carried.", code=Code.UNKNOWN_SYMBOL)
        market.hub.subscribe(self.subscriber, channel, carried, snapshot=snapshot)
        refused = {"status": "error", "code": Code.UNKNOWN_SYMBOL}
        known = set(carried)
        return {"symbols": {symbol: {"status": "ok"} if symbol in known else refused for symbol in symbols}}

    async def unsubscribe(self, params: dict[str, Any]) -> dict[str, Any]:
        channel, symbols, _ = checked(params)
        market_hub().hub.unsubscribe(self.subscriber, channel, symbols)
        return {"symbols": {symbol: {"status": "ok"} for symbol in symbols}}

    async def unsubscribe_all(self, _params: dict[str, Any]) -> dict[str, Any]:
        for channel, symbols in self.subscriber.wants.items():
            market_hub().hub.unsubscribe(self.subscriber, channel, tuple(symbols))
        return {}

    async def subscriptions(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"channels": {channel: sorted(wants) for channel, wants in self.subscriber.wants.items() if wants}}

    methods = {
        "subscribe": subscribe,
        "unsubscribe": unsubscribe,
        "unsubscribeAll": unsubscribe_all,
        "subscriptions": subscriptions,
    }
