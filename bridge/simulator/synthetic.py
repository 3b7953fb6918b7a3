"""How do N instruments change R quotes a second, cheaply enough for load tests, in books that still match?

Each update is one action: mostly the best order of a side changes its size, sometimes the ladder moves by a tick or a
taker crosses. The orders are real ones in liquibook, so books, quotes and users' fills always agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

from bridge.simulator.actions import Action, Operation, Place, Pull, Take
from bridge.simulator.listings import CENT_E8, Listing

LEVELS = 5
FIRST_BID_TICKS = 10_000
PRICE_STEP_TICKS = 500  #: so that instruments differ
LEAST_UNITS, MOST_UNITS = 1_500, 4_000
MOVES, TAKES = 0.05, 0.05  #: shares of the updates


class SyntheticMarket:
    """Instruments SYM001 … on XNAS; `rate` quote updates a second in all, evenly spread."""

    def __init__(self, seed: int, symbols: int, rate: float) -> None:
        self._seed = seed
        self._rate = rate
        self.listings = tuple(
            Listing(number, f"SYM{number:03d}", "XNAS", previous_close_e8=_first_bid(number) * CENT_E8)
            for number in range(1, symbols + 1)
        )

    def actions(self) -> Iterator[Action]:
        """From market time 0 on, in time order, without end."""
        random = Random(f"{self._seed}/synthetic")  # noqa: S311  # a market, not a secret
        ladders = [Ladder(listing, random) for listing in self.listings]
        for ladder in ladders:
            yield Action(0, ladder.instrument_id, ladder.opening())
        for number in count(1):
            ladder = ladders[int(random.random() * len(ladders))]
            yield Action(int(number * 1_000_000 / self._rate), ladder.instrument_id, ladder.update())


class Ladder:
    """One instrument's market: one order a level, keyed (buy, price)."""

    def __init__(self, listing: Listing, random: Random) -> None:
        self.instrument_id = listing.instrument_id
        self._random = random
        self._bid = _first_bid(listing.instrument_id)
        self._home = self._bid
        self._units = 0

    def opening(self) -> tuple[Operation, ...]:
        """All levels of both sides."""
        offsets = range(LEVELS)
        return (
            *(self._order(True, self._bid - deep) for deep in offsets),
            *(self._order(False, self._bid + 1 + deep) for deep in offsets),
        )

    def update(self) -> tuple[Operation, ...]:
        """One change of the quote."""
        chance = self._random.random()
        if chance < MOVES:
            return self._move()
        buy = chance < MOVES + (1 - MOVES) / 2
        best = self._bid + (not buy)
        if chance > 1 - TAKES:
            return Take(True, 1 + int(self._random.random() * 100)), self._order(buy, best)
        return (self._order(buy, best),)

    def _move(self) -> tuple[Operation, ...]:
        """A tick towards or away from home; what must not be crossed goes first."""
        bid, ask = self._bid, self._bid + 1
        if (self._random.random() < 0.5) if bid == self._home else bid < self._home:
            self._bid += 1
            gone = Pull((False, ask)), Pull((True, bid - LEVELS + 1))
            return *gone, self._order(True, ask), self._order(False, ask + LEVELS)
        self._bid -= 1
        gone = Pull((True, bid)), Pull((False, ask + LEVELS - 1))
        return *gone, self._order(False, bid), self._order(True, bid - LEVELS)

    def _order(self, buy: bool, ticks: int) -> Place:
        units = LEAST_UNITS + int(self._random.random() * (MOST_UNITS - LEAST_UNITS))
        self._units = units + (units == self._units)
        return Place((buy, ticks), buy, ticks, self._units)


def _first_bid(instrument_id: int) -> int:
    return FIRST_BID_TICKS + instrument_id % 100 * PRICE_STEP_TICKS
