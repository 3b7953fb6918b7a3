"""What does the market say a position is worth? A price made of the best prices and the last one, and the P&L at it."""

from __future__ import annotations

from enum import StrEnum

from orders.core.marks import Mark
from orders.core.state import rounded_ratio


class MarkQuality(StrEnum):
    """How good is the price that a position is shown at?"""

    OK = "ok"
    STALE = "stale"  #: it was the market's; the feed has been silent since
    NONE = "none"  #: there is no market price: it is that of the last fill


def market_price_e8(mark: Mark) -> int | None:
    """The last price, but never below the bid or above the ask: what is old gives way to what is offered now.

    Their middle where nothing has traded; None where that is not known either. A crossed market moves nothing.
    """
    bid_e8, ask_e8, last_e8 = mark.bid_e8, mark.ask_e8, mark.last_e8
    if mark.is_crossed:
        return last_e8
    if last_e8 is None:
        return None if bid_e8 is None or ask_e8 is None else rounded_ratio(bid_e8 + ask_e8, 2)
    if bid_e8 is not None and last_e8 < bid_e8:
        return bid_e8
    return ask_e8 if ask_e8 is not None and last_e8 > ask_e8 else last_e8


def unrealized_e4(quantity_e8: int, cost_e16: int, price_e8: int) -> int:
    """What closing all of it at that price would realise, rounded once."""
    return rounded_ratio(quantity_e8 * price_e8 - cost_e16, 10**12)
