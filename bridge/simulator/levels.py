"""Who stands where in one instrument's book, and how much is on each level?

liquibook shows five levels only, so this second view is kept from its fills: every order at rest, in queue order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator


class BookOrder:
    """An order in the book, a user's (`owner`) or the market's (`key`). `ticks` 0 = at market."""

    __slots__ = ("buy", "handle", "key", "open_units", "owner", "ticks")

    def __init__(self, buy: bool, ticks: int, units: int, *, key: object = None, owner: object = None) -> None:
        self.buy = buy
        self.ticks = ticks
        self.open_units = units
        self.key = key
        self.owner = owner
        self.handle: object = None  #: liquibook's order, while it is in the book


class Level:
    """One price: its orders, first come first, and the sum of what they leave open."""

    __slots__ = ("orders", "units")

    def __init__(self) -> None:
        self.orders: dict[BookOrder, None] = {}
        self.units = 0


class BookSide:
    """One side. Prices are kept ascending; which end is best depends on the side."""

    __slots__ = ("_best_index", "_changed", "_prices", "_step", "levels")

    def __init__(self, *, buy: bool) -> None:
        self.levels: dict[int, Level] = {}
        self._prices: list[int] = []
        self._best_index = -1 if buy else 0
        self._step = -1 if buy else 1
        self._changed: dict[int, int] = {}  #: price → units before the running book event

    def join(self, order: BookOrder) -> None:
        """`order` comes to rest behind everybody at its price."""
        level = self.levels.get(order.ticks)
        if level is None:
            level = self.levels[order.ticks] = Level()
            insort(self._prices, order.ticks)
        self._changed.setdefault(order.ticks, level.units)
        level.orders[order] = None
        level.units += order.open_units

    def lose(self, order: BookOrder, units: int) -> None:
        """`units` of an order at rest are gone; with the last of them the order leaves."""
        level = self.levels[order.ticks]
        self._changed.setdefault(order.ticks, level.units)
        level.units -= units
        order.open_units -= units
        if not order.open_units:
            del level.orders[order]
            if not level.orders:
                del self.levels[order.ticks]
                del self._prices[bisect_left(self._prices, order.ticks)]

    def behind(self, order: BookOrder) -> list[BookOrder]:
        """Those who stand at the same price after `order`, in their order."""
        queue = list(self.levels[order.ticks].orders)
        return queue[queue.index(order) + 1 :]

    def best(self) -> tuple[int, int]:
        """Best price in ticks and its units; (0, 0) where the side is empty."""
        if not self._prices:
            return 0, 0
        ticks = self._prices[self._best_index]
        return ticks, self.levels[ticks].units

    def best_first(self) -> Iterator[tuple[int, int]]:
        """(ticks, units) of every level, best first."""
        return ((ticks, self.levels[ticks].units) for ticks in self._prices[:: self._step])

    def take_changes(self) -> list[tuple[int, int]]:
        """(ticks, units now) of each level that differs from where the last call left it; 0 = gone."""
        if not self._changed:
            return []
        changed, self._changed = self._changed, {}
        found = []
        for ticks, before in changed.items():
            level = self.levels.get(ticks)
            units = level.units if level is not None else 0
            if units != before:
                found.append((ticks, units))
        return found
