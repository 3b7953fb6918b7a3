"""What does the demo market do next? A pure function of a seed: no clock, no users, the same actions every time.

Makers quote `LEVELS` prices a side around a path that walks open → high → low → close of one real daily bar a minute.
After the last bar the path walks back, bar by bar, to the first: so it never jumps at the turn, stays in the range of
the real prices however long it runs, and repeats for ever.

At the best price of a side stand two market orders: one that stays as long as the price does (users queue behind it),
and one that is renewed ten times a second. Takers eat from the front, so users' orders at the top fill in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random

from bridge.simulator.actions import Action, Key, Operation, Place, Pull, Take
from bridge.simulator.bars import DailyBar, daily_bars
from bridge.simulator.listings import Listing

SYMBOLS = {"AAPL": "Apple Inc.", "MSFT": "Microsoft Corp.", "GOOG": "Google Inc.", "FB": "Facebook Inc."}
NYSE_SYMBOLS = {"IBM": "International Business Machines Corp."}
BAR_US = 60_000_000
LEG_US = BAR_US // 3  #: open → high, high → low, low → close
STEP_US = 100_000  #: each maker renews its quotes ten times a second
TAKE_AFTER_US = 7_000
LEVELS = 8
MOST_NOISE_TICKS = 2
RENEWED_UNITS = (1_800, 4_000)  #: together with TAKEN_UNITS: never less than 1,000 shown at the top
STANDING_UNITS = (200, 1_500)
TAKEN_UNITS = (1, 400)
TAKER_CHANCE = 0.35


class DemoMarket:
    """AAPL, MSFT, GOOG and FB on XNAS, IBM on XNYS."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        bars = daily_bars()
        named = [(symbol, "XNAS", text) for symbol, text in SYMBOLS.items()]
        named += [(symbol, "XNYS", text) for symbol, text in NYSE_SYMBOLS.items()]
        self.listings = tuple(
            Listing(number, symbol, exchange, text, previous_close_e8=bars[symbol][0].close_e8)
            for number, (symbol, exchange, text) in enumerate(named, 1)
        )

    def actions(self) -> Iterator[Action]:
        """From market time 0 on, in time order, without end."""
        makers = [Maker(listing, daily_bars()[listing.symbol][1:], self._seed) for listing in self.listings]
        for maker in makers:
            yield maker.quote(0)
        apart_us = STEP_US // len(makers)
        for start_us in count(STEP_US, STEP_US):
            for number, maker in enumerate(makers):
                yield from maker.step(start_us + number * apart_us)


class Path:
    """The price at a market time: straight lines through the corners of the bars, forth and back."""

    def __init__(self, bars: Sequence[DailyBar]) -> None:
        self._bars = bars

    def price_e8(self, at_us: int) -> int:
        minute, within_us = divmod(at_us, BAR_US)
        lap, index = divmod(minute, len(self._bars))
        if lap % 2:  # on the way back both the bars and the time within them run backwards
            index, within_us = len(self._bars) - 1 - index, BAR_US - within_us
        leg, into_us = divmod(within_us, LEG_US)
        corners = (*self._bars[index], self._bars[index].close_e8)
        return corners[leg] + (corners[min(leg + 1, 3)] - corners[leg]) * into_us // LEG_US


class Maker:
    """All market participants of one instrument. Knows what it asked for, never what users did to it."""

    def __init__(self, listing: Listing, bars: Sequence[DailyBar], seed: int) -> None:
        self._listing = listing
        self._path = Path(bars)
        self._random = Random(f"{seed}/{listing.symbol}")  # noqa: S311  # a market, not a secret
        self._noise = 0
        self._standing: dict[bool, frozenset[int]] = {True: frozenset(), False: frozenset()}
        self._renewed_units = 0

    def step(self, at_us: int) -> Iterator[Action]:
        """New quotes at `at_us`; now and then a taker a little later."""
        yield self.quote(at_us)
        if self._random.random() < TAKER_CHANCE:
            take = Take(self._random.random() < 0.5, self._between(TAKEN_UNITS))
            yield Action(at_us + TAKE_AFTER_US, self._listing.instrument_id, (take,))

    def quote(self, at_us: int) -> Action:
        """All quotes at `at_us`."""
        return Action(at_us, self._listing.instrument_id, tuple(self._requote(at_us)))

    def _requote(self, at_us: int) -> list[Operation]:
        best = self._best(at_us)
        wanted = {
            True: frozenset(range(best[True] - LEVELS + 1, best[True] + 1)),
            False: frozenset(range(best[False], best[False] + LEVELS)),
        }
        pulls = [Pull((buy, ticks)) for buy in wanted for ticks in sorted(self._standing[buy] - wanted[buy])]
        places = [self._stand(buy, ticks) for buy in wanted for ticks in sorted(wanted[buy] - self._standing[buy])]
        self._standing = wanted
        deeper = self._random.randrange(1, LEVELS)
        refilled = [self._stand(True, best[True] - deeper), self._stand(False, best[False] + deeper)]
        # What might be crossed by the new quotes goes first, so that the makers never trade with each other.
        return [*map(Pull, best), *pulls, *places, *refilled, *(self._renew(buy, best[buy]) for buy in best)]

    def _best(self, at_us: int) -> dict[bool, int]:
        """The best bid and ask in ticks: buy → price."""
        self._noise += self._random.choice((-1, 0, 1))
        self._noise = max(-MOST_NOISE_TICKS, min(MOST_NOISE_TICKS, self._noise))
        bid = self._path.price_e8(at_us) // self._listing.tick_e8 + self._noise - 1
        return {True: bid, False: bid + self._random.choice((1, 1, 2))}

    def _renew(self, buy: bool, ticks: int) -> Place:
        key: Key = buy
        units = self._between(RENEWED_UNITS)
        self._renewed_units = units + (units == self._renewed_units)  # a quote always differs from the one before
        return Place(key, buy, ticks, self._renewed_units)

    def _stand(self, buy: bool, ticks: int) -> Place:
        return Place((buy, ticks), buy, ticks, self._between(STANDING_UNITS))

    def _between(self, bounds: tuple[int, int]) -> int:
        return self._random.randint(*bounds)
