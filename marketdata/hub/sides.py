"""What are the levels of one side of a book, as the text that clients see, and which are the best?"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from functools import lru_cache

from marketdata.hub.changes import ChangeLog
from marketdata.items import TextLevel
from tradingmw.scaled import to_e8

GONE = "0"

price_e8 = lru_cache(maxsize=65_536)(to_e8)


class TextSide:
    """Sizes by price; equal prices have equal texts. `changes` knows which prices changed after a number.

    The order is worked out when somebody first asks for it, and kept from then on.
    """

    __slots__ = ("_order", "_sign", "_sizes", "changes")

    def __init__(self, levels: Iterable[TextLevel], number: int, *, ascending: bool) -> None:
        """`ascending` where the lowest price is the best (asks)."""
        self._sign = 1 if ascending else -1
        self._sizes = dict(levels)
        self._order: list[tuple[int, str]] | None = None
        self.changes: ChangeLog[str] = ChangeLog(number)

    def take(self, levels: Iterable[TextLevel], number: int) -> None:
        """Sizes are absolute, "0" takes a level away."""
        for price, size in levels:
            known = price in self._sizes
            if size == GONE:
                if known:
                    self._remove(price)
            else:
                if not known:
                    self._add(price)
                self._sizes[price] = size
            self.changes.note(price, number)

    def become(self, levels: Iterable[TextLevel], number: int) -> None:
        """All levels anew, at once."""
        wanted = dict(levels)
        gone = [(price, GONE) for price in self._sizes if price not in wanted]
        moved = [level for level in wanted.items() if self._sizes.get(level[0]) != level[1]]
        self.take(gone + moved, number)

    def top(self, depth: int | None) -> list[TextLevel]:
        """The best `depth` levels (None: all), best first."""
        if self._order is None:
            self._order = sorted(self._place(price) for price in self._sizes)
        sizes = self._sizes
        return [(price, sizes[price]) for _, price in self._order[:depth]]

    def changed_since(self, number: int) -> list[TextLevel] | None:
        """The levels that changed after `number` as they are now, best first; None where that is not known."""
        prices = self.changes.since(number)
        return None if prices is None else self.best_first([(price, self._sizes.get(price, GONE)) for price in prices])

    def best_first(self, levels: list[TextLevel]) -> list[TextLevel]:
        return sorted(levels, key=lambda level: self._place(level[0])) if len(levels) > 1 else levels

    def _place(self, price: str) -> tuple[int, str]:
        return self._sign * price_e8(price), price

    def _add(self, price: str) -> None:
        if self._order is not None:
            insort(self._order, self._place(price))

    def _remove(self, price: str) -> None:
        del self._sizes[price]
        if self._order is not None:
            del self._order[bisect_left(self._order, self._place(price))]
