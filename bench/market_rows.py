"""Which quotes, trades and book changes does the bench's engine publish? Books that live without matching anything.

The rhythm of `bridge/simulator/synthetic.py`: mostly the best size of a side changes, sometimes the ladder moves by a
tick or a taker trades. Every update changes the quote, and the levels told add up to the books that snapshots show.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from bridge.simulator.board import ASK, BID, BUYER, E8_PER_E4, Tape
from bridge.simulator.listings import CENT_E8, ONE_E8, Listing
from bridge.wire.market import Depth, Quote, Trade
from bridge.wire.messages import InstrumentSnapshot, Level

LEVELS = 5
MOVES, TAKES = 0.05, 0.05
FIRST_BID_TICKS, PRICE_STEP_TICKS = 10_000, 500
LEAST_UNITS, MOST_UNITS = 1_500, 4_000


def listings(symbols: int) -> tuple[Listing, ...]:
    """SYM001 …"""
    return tuple(
        Listing(number, f"SYM{number:03d}", "XNAS", previous_close_e8=first_bid(number) * CENT_E8)
        for number in range(1, symbols + 1)
    )


def first_bid(instrument_id: int) -> int:
    return FIRST_BID_TICKS + instrument_id % 100 * PRICE_STEP_TICKS


class LivingBook:
    """One instrument: five levels a side, told to the `tape` as they change. Prices in ticks, sizes in units.

    Without `depth` only trades and quotes are told, and a snapshot has no levels.
    """

    def __init__(self, listing: Listing, random: Random, tape: Tape, *, depth: bool = True) -> None:
        self.listing, self._has_depth = listing, depth
        self._random, self._tape = random, tape
        self._bid = self._home = first_bid(listing.instrument_id)
        self._bids = {self._bid - deep: self._units() for deep in range(LEVELS)}
        self._asks = {self._bid + 1 + deep: self._units() for deep in range(LEVELS)}
        self._last_e8 = self._last_size_e8 = self._high_e8 = self._low_e8 = 0
        self._volume_e8 = self._turnover_e16 = self._trades = self._changed_us = 0

    def update(self, now_us: int) -> None:
        """One change of the quote."""
        chance = self._random.random()
        self._changed_us = now_us
        if chance < MOVES:
            changes = self._move()
        else:
            changes = [self._renew(BID if chance < MOVES + (1 - MOVES) / 2 else ASK)]
            if chance > 1 - TAKES:
                self._trade(now_us)
        if self._has_depth:
            self._tell_depth(changes, now_us)
        self._tell_quote(now_us)

    def snapshot(self) -> InstrumentSnapshot:
        """All that a late joiner needs."""
        return InstrumentSnapshot(
            instrument_id=self.listing.instrument_id,
            bids=levels(self._bids, best_first=sorted(self._bids, reverse=True)) if self._has_depth else [],
            asks=levels(self._asks, best_first=sorted(self._asks)) if self._has_depth else [],
            last_e8=self._last_e8,
            last_size_e8=self._last_size_e8,
            volume_e8=self._volume_e8,
            turnover_e4=self._turnover_e16 // E8_PER_E4,
            high_e8=self._high_e8,
            low_e8=self._low_e8,
            ts_us=self._changed_us,
        )

    def _move(self) -> list[tuple[int, int, int]]:
        """A tick towards or away from home: (side, ticks, units) of each level that changed."""
        bid, ask = self._bid, self._bid + 1
        up = self._random.random() < 0.5 if bid == self._home else bid < self._home
        self._bid += 1 if up else -1
        if up:
            gone, come = [(ASK, ask), (BID, bid - LEVELS + 1)], [(BID, ask), (ASK, ask + LEVELS)]
        else:
            gone, come = [(BID, bid), (ASK, ask + LEVELS - 1)], [(ASK, bid), (BID, bid - LEVELS)]
        for side, ticks in gone:
            del self._side(side)[ticks]
        return [*((side, ticks, 0) for side, ticks in gone), *(self._set(side, ticks) for side, ticks in come)]

    def _renew(self, side: int) -> tuple[int, int, int]:
        return self._set(side, self._bid + (side == ASK))

    def _set(self, side: int, ticks: int) -> tuple[int, int, int]:
        sizes, units = self._side(side), self._units()
        sizes[ticks] = units = units + (units == sizes.get(ticks))  # a quote always differs from the one before
        return side, ticks, units

    def _side(self, side: int) -> dict[int, int]:
        return self._bids if side == BID else self._asks

    def _trade(self, now_us: int) -> None:
        price_e8, size_e8 = (self._bid + 1) * CENT_E8, (1 + int(self._random.random() * 100)) * ONE_E8
        self._trades += 1
        self._last_e8, self._last_size_e8 = price_e8, size_e8
        self._high_e8, self._low_e8 = max(self._high_e8, price_e8), min(self._low_e8 or price_e8, price_e8)
        self._volume_e8 += size_e8
        self._turnover_e16 += price_e8 * size_e8
        trade = Trade(self.listing.instrument_id, BUYER, self._trades, now_us, price_e8, size_e8)
        self._tape.trade(self.listing, trade)

    def _tell_depth(self, changes: Sequence[tuple[int, int, int]], now_us: int) -> None:
        identity, last = self.listing.instrument_id, len(changes) - 1
        rows = [
            Depth(identity, side, number == last, now_us, ticks * CENT_E8, units * ONE_E8)
            for number, (side, ticks, units) in enumerate(changes)
        ]
        self._tape.depth(self.listing, rows)

    def _tell_quote(self, now_us: int) -> None:
        listing, bid, ask = self.listing, self._bid, self._bid + 1
        identity = listing.instrument_id
        best = (bid * CENT_E8, self._bids[bid] * ONE_E8, ask * CENT_E8, self._asks[ask] * ONE_E8)
        self._tape.quote(listing, Quote(identity, now_us, *best, self._last_e8, self._last_size_e8, self._volume_e8))

    def _units(self) -> int:
        return LEAST_UNITS + int(self._random.random() * (MOST_UNITS - LEAST_UNITS))


def levels(sizes: dict[int, int], best_first: Sequence[int]) -> list[Level]:
    return [(ticks * CENT_E8, sizes[ticks] * ONE_E8) for ticks in best_first]
