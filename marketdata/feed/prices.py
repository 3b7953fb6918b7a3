"""How did last prices move since somebody last asked? Merged per symbol, so that asking seldom loses no extreme."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from marketdata.feed.quote import QuoteState


class LastPrice(NamedTuple):
    """The newest, the highest and the lowest since the last taking; the day's extremes, 0 where there are none."""

    last_e8: int
    high_e8: int
    low_e8: int
    day_high_e8: int
    day_low_e8: int


class _Move:
    """What is new of one symbol."""

    __slots__ = ("high_e8", "low_e8", "quote")

    def __init__(self, quote: QuoteState, price_e8: int) -> None:
        self.quote = quote
        self.high_e8 = self.low_e8 = price_e8


class LastPrices:
    """Begins with the price of every quote given that has one."""

    def __init__(self, quotes: Iterable[tuple[str, QuoteState]]) -> None:
        self._moves = {symbol: _Move(quote, quote.last_e8) for symbol, quote in quotes if quote.last_e8}

    def note(self, symbol: str, quote: QuoteState, price_e8: int) -> None:
        """`symbol` was at `price_e8`; `quote` is read when the prices are taken."""
        move = self._moves.get(symbol)
        if move is None:
            self._moves[symbol] = _Move(quote, price_e8)
        elif price_e8 > move.high_e8:
            move.high_e8 = price_e8
        elif price_e8 < move.low_e8:
            move.low_e8 = price_e8

    def taken(self) -> dict[str, LastPrice]:
        """What is new by symbol; nothing is any more."""
        moves, self._moves = self._moves, {}
        return {symbol: _price(move) for symbol, move in moves.items()}


def _price(move: _Move) -> LastPrice:
    quote = move.quote
    return LastPrice(quote.last_e8, move.high_e8, move.low_e8, quote.high_e8, quote.low_e8)
