"""What do recorded sizes of price levels do to a book? Exchanges whose streams do not name orders tell no more.

A level is one synthetic order under the key (side, price), set to each new size that is told; it is the recording's
alone, whoever else stands at the price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd

from bridge.simulator.actions import Operation, Place, Print, Pull
from tradingmw.scaled import to_e8

LevelRow = tuple[bool, int, int]  #: buy, price_e8, size_e8 (absolute; 0 = the level is gone)
TradeRow = tuple[int, int, int]  #: aggressor, price_e8, size_e8


def level_row(buy: bool, price: str, size: str) -> LevelRow:
    """A level in exact integers; `InvalidRequest` for digits beyond 10⁻⁸, `ValueError` for what no level can be."""
    price_e8, size_e8 = to_e8(price), to_e8(size)
    if price_e8 <= 0 or size_e8 < 0:
        raise ValueError(f"No level has price {price} and size {size}.")
    return buy, price_e8, size_e8


def trade_row(aggressor: int, price: str, size: str) -> TradeRow:
    """A trade in exact integers; `InvalidRequest` and `ValueError` as for a level."""
    price_e8, size_e8 = to_e8(price), to_e8(size)
    if price_e8 <= 0 or size_e8 <= 0:
        raise ValueError(f"No trade has price {price} and size {size}.")
    return aggressor, price_e8, size_e8


def decimal_step(values: Iterable[int]) -> int:
    """The greatest power of ten that divides every value: the finest decimal step that occurs."""
    step, power = gcd(*values), 1
    while step and step % (power * 10) == 0:
        power *= 10
    return power


class RecordedLevels:
    """The levels of one round of a recording, as far as it has been told, in ticks and lots of its listing."""

    def __init__(self, opening: Iterable[LevelRow], *, tick_e8: int, lot_e8: int) -> None:
        self._tick_e8, self._lot_e8 = tick_e8, lot_e8
        self._sizes = {(buy, price_e8): size_e8 for buy, price_e8, size_e8 in opening if size_e8}

    def places(self) -> Iterator[Operation]:
        """All levels as they stand."""
        return (self._place(buy, price_e8, size_e8) for (buy, price_e8), size_e8 in self._sizes.items())

    def changes(self, rows: Iterable[LevelRow]) -> Iterator[Operation]:
        """What really changes; what goes goes first, so that the recording never trades with itself.

        Of a level that is told twice the last word counts: the order of operations is not that of the rows.
        """
        later: list[Operation] = []
        for (buy, price_e8), size_e8 in {row[:2]: row[2] for row in rows}.items():
            before = self._sizes.get((buy, price_e8), 0)
            if not size_e8 and before:
                del self._sizes[buy, price_e8]
                yield Pull((buy, price_e8))
            elif size_e8 != before:
                self._sizes[buy, price_e8] = size_e8
                later.append(self._place(buy, price_e8, size_e8))
        yield from later

    def printed(self, trade: TradeRow) -> Print:
        """A trade; what it took from the book the recording tells as a change of its level."""
        aggressor, price_e8, size_e8 = trade
        return Print(aggressor, price_e8, size_e8 // self._lot_e8)

    def _place(self, buy: bool, price_e8: int, size_e8: int) -> Place:
        return Place((buy, price_e8), buy, price_e8 // self._tick_e8, size_e8 // self._lot_e8)
