"""How do prices get from the feed's thread to the alerts' without either waiting for the other?

One look per symbol is kept: the newest price wins, the highest and the lowest since the last taking stay. So it holds
at most one entry per instrument, and a spike between two takings is not lost.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from notifications.rules import Look

#: last, high, low, high of the day, low of the day; as `rules.Look`
Prices = Mapping[str, tuple[int, int, int, int, int]]


class PriceMailbox:
    """`put` from one thread, `taken` from another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[str, Look] = {}

    def put(self, prices: Prices) -> None:
        """Add what is new of each symbol."""
        with self._lock:
            looks = self._looks
            for symbol, price in prices.items():
                waiting, newer = looks.get(symbol), Look(*price)
                looks[symbol] = newer if waiting is None else waiting.then(newer)

    def taken(self) -> dict[str, Look]:
        """What came since the last taking; nothing waits any more."""
        with self._lock:
            looks, self._looks = self._looks, {}
            return looks
