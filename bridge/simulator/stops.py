"""Which stop orders does the last price trigger?

A buy is triggered at its stop price or above, a sell at it or below, one after another: nearest price first, then
first come first, and each may move the price for the next. A price they arrive at counts as well.
"""

from __future__ import annotations

from bridge.simulator.orders import UserOrder


class StopBook:
    """The untriggered stop orders of one instrument."""

    def __init__(self) -> None:
        self._orders: dict[UserOrder, None] = {}

    def add(self, order: UserOrder) -> None:
        self._orders[order] = None

    def discard(self, order: UserOrder) -> None:
        self._orders.pop(order, None)

    def pop_triggered(self, last_e8: int) -> UserOrder | None:
        """Take out the next order that `last_e8` (0 = nothing has traded) triggers."""
        if not self._orders or not last_e8:
            return None
        reached = [order for order in self._orders if _reached(order, last_e8)]
        if not reached:
            return None
        first = min(reached, key=_nearness)
        del self._orders[first]
        return first


def _reached(order: UserOrder, last_e8: int) -> bool:
    stop_e8 = order.stop_price_e8 or 0
    return last_e8 >= stop_e8 if order.buy else last_e8 <= stop_e8


def _nearness(order: UserOrder) -> int:
    stop_e8 = order.stop_price_e8 or 0
    return stop_e8 if order.buy else -stop_e8
