"""How does a position look at the market's price? The same shape, with four fields that the market fills."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.rights import Rights
from marketdata.facts import hidden_from
from orders.core.valuing import unrealized_e4
from orders.instants import text
from orders.positions.prices import Price, Prices, prices_of
from tradingmw.scaled import text_e4, text_e8, to_e8, to_e16

Shape = dict[str, Any]


def valued(position: Shape, price: Price | None) -> Shape:
    """`position` at `price`; where there is none, as it was at its last fill."""
    if price is None:
        return position
    return at_price(position, price, to_e8(position["quantity"]), to_e16(position["costBasis"]))


def at_price(position: Shape, price: Price, quantity_e8: int, cost_e16: int) -> Shape:
    return {
        **position,
        "currentPrice": text_e8(price.price_e8),
        "unrealizedPnl": text_e4(unrealized_e4(quantity_e8, cost_e16, price.price_e8)),
        "markQuality": price.quality.value,
        "markedAt": text(price.at_us),
    }


def all_valued(positions: Iterable[Shape], prices: Prices) -> list[Shape]:
    return [valued(each, prices.get(each["symbol"])) for each in positions]


def valued_for(rights: Rights, positions: list[Shape]) -> list[Shape]:
    """At the prices that these rights cover; a position in what they do not is shown without one. Blocking."""
    symbols = {each["symbol"] for each in positions}
    return all_valued(positions, prices_of(symbols - hidden_from(rights, symbols)))
