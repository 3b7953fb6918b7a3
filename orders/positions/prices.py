"""What are the market's prices of what is held? From the hub of this web process, which has them already.

Nothing is asked of anybody and nothing waits: where the process has no hub, or the hub no such symbol, there is no
price. One that the feed does not vouch for is called stale, also while the process itself was held up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from marketdata.frames import FeedState
from marketdata.hub import MarketHub, hub_of_process
from marketdata.items import Quality, QuoteItem
from orders.core.marks import Mark
from orders.core.valuing import MarkQuality, market_price_e8
from tradingmw.scaled import to_e8


class Price(NamedTuple):
    """A price of the market; `at_us` by the engine's clock."""

    price_e8: int
    quality: MarkQuality
    at_us: int


Prices = Mapping[str, Price]
NO_PRICES: Prices = {}


def prices_of(symbols: Iterable[str]) -> Prices:
    """Those there are, by symbol; from any thread of a web process."""
    hub = hub_of_process()
    return NO_PRICES if hub is None else hub_prices(hub, symbols)


def hub_prices(hub: MarketHub, symbols: Iterable[str]) -> Prices:
    """Whether the feed is live is read last: a price that was taken before it fell silent is then called stale."""
    quotes = {symbol: quote for symbol in symbols if (quote := hub.newest_quote(symbol)) is not None}
    live = hub.hub.live and hub.source.feed()[0] is FeedState.LIVE
    found = {symbol: price_of(quote, live) for symbol, quote in quotes.items()}
    return {symbol: price for symbol, price in found.items() if price is not None}


def price_of(quote: QuoteItem, live: bool) -> Price | None:
    is_stale = not live or quote.quality is not Quality.OK
    mark = Mark(scaled(quote.bid), scaled(quote.ask), scaled(quote.last), quote.ts, is_stale)
    price_e8 = market_price_e8(mark)
    return None if price_e8 is None else Price(price_e8, QUALITIES[is_stale], quote.ts)


def scaled(text: str | UnsetType) -> int | None:
    """None for a price that there is not: 0 is none."""
    return None if text is UNSET else to_e8(text) or None


QUALITIES = {False: MarkQuality.OK, True: MarkQuality.STALE}
