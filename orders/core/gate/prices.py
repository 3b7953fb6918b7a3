"""By which price is an order judged, and how far does its limit go beyond the market?

A market that is stale, missing or crossed prices nothing; only a collar is held against what was known last. A limit
counts for what it is: the most that a buyer pays. A seller may get more than his limit, so that the bid counts where
that is more; an order without a limit counts at the price at which it would trade now, or at its stop.
"""

from __future__ import annotations

from typing import Final

from bridge.wire.vocabulary import OrderType, Side
from orders.core.marks import Mark
from orders.core.state import OrderState

MILLION: Final = 10**6  #: a per cent in 10⁻⁴ is a millionth
STOPPED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def is_firm(mark: Mark) -> bool:
    """May be relied on."""
    return not (mark.is_stale or mark.is_crossed)


def meeting_e8(mark: Mark, side: Side) -> int | None:
    """What an order of this side meets now: the other side's best price, else the last one."""
    return known_e8(mark, side) if is_firm(mark) else None


def known_e8(mark: Mark, side: Side) -> int | None:
    """The same as it was known last: enough to tell a slip of the finger, and nothing else."""
    other_e8 = mark.ask_e8 if side is Side.BUY else mark.bid_e8
    return mark.last_e8 if other_e8 is None else other_e8


def reference_e8(order: OrderState, mark: Mark) -> int | None:
    """What is kept with the order: by which price it counts, where that is not its limit alone."""
    meets_e8 = meeting_e8(mark, order.side)
    if order.order_type in STOPPED:
        beyond = order.side is Side.BUY and meets_e8 is not None
        return max(order.stop_price_e8 or 0, meets_e8 or 0) if beyond else order.stop_price_e8
    if order.price_e8 is None:
        return meets_e8
    better = order.side is Side.SELL and meets_e8 is not None and meets_e8 > order.price_e8
    return meets_e8 if better else None


def beyond_market_e4(order: OrderState, mark: Mark) -> int | None:
    """By how many per cent (10⁻⁴, rounded up) the limit is worse than the market, negative where it waits for better.

    A stop order is held against its stop where that is worse: there the market will be when it begins to trade. None
    where there is no limit, or no price at all is known. A price that is old is held against it all the same.
    """
    market_e8 = market_for(order, mark)
    if order.price_e8 is None or market_e8 is None:
        return None
    worse_e8 = order.price_e8 - market_e8 if order.side is Side.BUY else market_e8 - order.price_e8
    return -(-worse_e8 * MILLION // market_e8)


def market_for(order: OrderState, mark: Mark) -> int | None:
    """The other side's best price, else the last one, else the own side's."""
    own_e8 = mark.bid_e8 if order.side is Side.BUY else mark.ask_e8
    market_e8 = known_e8(mark, order.side) or own_e8
    if market_e8 is None or order.order_type not in STOPPED or order.stop_price_e8 is None:
        return market_e8
    worse = max if order.side is Side.BUY else min
    return worse(market_e8, order.stop_price_e8)
