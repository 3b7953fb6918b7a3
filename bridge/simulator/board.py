"""What does the world see of one instrument after each book event?

A book event is whatever one action of the market, or one command of a user, does to the book. It is shown as its
trades, one group of level changes (the last row says so) and, where the top or the last trade changed, one quote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from bridge.simulator.actions import Clear, Execute, Key, Operation, Place, Print, Pull, Reduce, Take
from bridge.simulator.levels import BookOrder, BookSide
from bridge.simulator.listings import Listing
from bridge.simulator.matching import Fill, Matcher, Mode
from bridge.wire.market import Depth, Quote, Trade
from bridge.wire.messages import INT64_MAX, InstrumentSnapshot, Level

BID, ASK, CLEARED = 1, 2, 0
BUYER, SELLER = 1, 2
E8_PER_E4 = 10**12  #: price_e8 × size_e8 is in 10⁻¹⁶, an amount in 10⁻⁴


class Tape(Protocol):
    """Where market data goes."""

    def quote(self, listing: Listing, row: Quote) -> None: ...
    def trade(self, listing: Listing, row: Trade) -> None: ...
    def depth(self, listing: Listing, rows: list[Depth]) -> None: ...


class Board:
    """One instrument: its book, the market's orders in it by key, and the day so far."""

    def __init__(self, listing: Listing, tape: Tape) -> None:
        self.listing = listing
        self._tick_e8, self._lot_e8 = listing.tick_e8, listing.lot_e8
        self.matcher = Matcher()
        self.last_e8 = self.last_size_e8 = self.high_e8 = self.low_e8 = self.volume_e8 = 0
        self.gone = 0  #: operations of the market on orders that users had consumed
        self.changed_at_us = 0
        self._turnover_e16 = 0
        self._trades = 0
        self._keyed: dict[Key, BookOrder] = {}
        self._tape = tape
        self._cleared = False
        self._quote: tuple[int, ...] = ()
        self._now_us = 0

    # --- one book event each ------------------------------------------------------------------------------------
    def act(self, operations: tuple[Operation, ...], now_us: int) -> list[Fill]:
        """Do what the market does; the fills of users' orders."""
        self._now_us = now_us
        fills: list[Fill] = []
        for operation in operations:
            fills += OPERATIONS[type(operation)](self, operation)
        self._show()
        return fills

    def submit(self, order: BookOrder, mode: Mode, now_us: int) -> list[Fill]:
        """A user's order comes in; all its fills, in order."""
        self._now_us = now_us
        fills = self._match(order, mode)
        self._show()
        return fills

    def withdraw(self, order: BookOrder, now_us: int) -> None:
        """A user's order at rest leaves."""
        self._now_us = now_us
        self.matcher.cancel(order)
        self._show()

    def shrink(self, order: BookOrder, units: int, now_us: int) -> None:
        """A user's order at rest loses `units`, fewer than are open, and keeps its place."""
        self._now_us = now_us
        self.matcher.shrink(order, units)
        self._show()

    # --- the market's operations --------------------------------------------------------------------------------
    def _place(self, order: Place) -> list[Fill]:
        standing = self._keyed.get(order.key)
        if standing is not None:
            if (standing.buy, standing.ticks) == (order.buy, order.ticks) and order.units <= standing.open_units:
                return self._lose(standing, standing.open_units - order.units)
            self._pull(Pull(order.key))
        new = BookOrder(order.buy, order.ticks, order.units, key=order.key)
        fills = self._match(new, Mode.REST)
        if new.open_units:
            self._keyed[order.key] = new
        return fills

    def _pull(self, pull: Pull) -> list[Fill]:
        if (order := self._found(pull.key)) is not None:
            self.matcher.cancel(order)
            del self._keyed[pull.key]
        return []

    def _reduce(self, reduce: Reduce) -> list[Fill]:
        if (order := self._found(reduce.key)) is not None:
            self._lose(order, min(reduce.units, order.open_units))
        return []

    def _execute(self, execution: Execute) -> list[Fill]:
        if (order := self._found(execution.key)) is not None:
            units = min(execution.units, order.open_units)
            self._lose(order, units)
            self._trade(SELLER if order.buy else BUYER, order.ticks * self._tick_e8, units)
        return []

    def _take(self, take: Take) -> list[Fill]:
        return self._match(BookOrder(take.buy, 0, take.units), Mode.DROP)

    def _print(self, trade: Print) -> list[Fill]:
        self._trade(trade.aggressor, trade.price_e8, trade.units)
        return []

    def _clear(self, _: Clear) -> list[Fill]:
        for order in self._keyed.values():
            self.matcher.cancel(order)
        self._keyed.clear()
        self._cleared = True
        return []

    def _found(self, key: Key) -> BookOrder | None:
        order = self._keyed.get(key)
        self.gone += order is None
        return order

    def _lose(self, order: BookOrder, units: int) -> list[Fill]:
        if units == order.open_units:
            self._pull(Pull(order.key))
        elif units:
            self.matcher.shrink(order, units)
        return []

    # --- trades and what is shown -------------------------------------------------------------------------------
    def _match(self, order: BookOrder, mode: Mode) -> list[Fill]:
        fills = self.matcher.add(order, mode)
        for fill in fills:
            if not fill.resting.open_units and fill.resting.owner is None:
                del self._keyed[fill.resting.key]
            self._trade(BUYER if order.buy else SELLER, fill.ticks * self._tick_e8, fill.units)
        return [fill for fill in fills if order.owner is not None or fill.resting.owner is not None]

    def _trade(self, aggressor: int, price_e8: int, units: int) -> None:
        size_e8 = units * self._lot_e8
        self._trades += 1
        self.last_e8, self.last_size_e8 = price_e8, size_e8
        self.high_e8 = max(self.high_e8, price_e8)
        self.low_e8 = min(self.low_e8 or price_e8, price_e8)
        self.volume_e8 = _held(self.volume_e8 + size_e8)
        self._turnover_e16 += price_e8 * size_e8
        identity = self.listing.instrument_id
        self._tape.trade(self.listing, Trade(identity, aggressor, self._trades, self._now_us, price_e8, size_e8))

    def _show(self) -> None:
        rows = self._whole_book() if self._cleared else self._changes()
        top = self._top()
        if rows:
            self._tape.depth(self.listing, rows)
        if top != self._quote:
            self._quote = top
            self._tape.quote(self.listing, Quote(self.listing.instrument_id, self._now_us, *top))
        elif not rows:
            return
        self.changed_at_us = self._now_us

    def _top(self) -> tuple[int, ...]:
        tick_e8, lot_e8 = self._tick_e8, self._lot_e8
        bid, bid_units = self.matcher.bids.best()
        ask, ask_units = self.matcher.asks.best()
        bid_size_e8, ask_size_e8 = _held(bid_units * lot_e8), _held(ask_units * lot_e8)
        return (
            bid * tick_e8,
            bid_size_e8,
            ask * tick_e8,
            ask_size_e8,
            self.last_e8,
            self.last_size_e8,
            self.volume_e8,
        )

    def _changes(self) -> list[Depth]:
        changes = [(BID, *change) for change in self.matcher.bids.take_changes()]
        changes += [(ASK, *change) for change in self.matcher.asks.take_changes()]
        return self._rows(changes) if changes else []

    def _whole_book(self) -> list[Depth]:
        self._cleared = False
        self._changes()  # told by the rows below
        bids = [(BID, *level) for level in self.matcher.bids.best_first()]
        asks = [(ASK, *level) for level in self.matcher.asks.best_first()]
        return self._rows([(CLEARED, 0, 0), *bids, *asks])

    def _rows(self, changes: list[tuple[int, int, int]]) -> list[Depth]:
        """One book event of (side, ticks, units); only its last row says so."""
        identity, now_us, tick_e8, lot_e8 = self.listing.instrument_id, self._now_us, self._tick_e8, self._lot_e8
        last = len(changes) - 1
        return [
            Depth(identity, side, number == last, now_us, ticks * tick_e8, _held(units * lot_e8))
            for number, (side, ticks, units) in enumerate(changes)
        ]

    def snapshot(self) -> InstrumentSnapshot:
        """All that a late joiner needs."""
        return InstrumentSnapshot(
            instrument_id=self.listing.instrument_id,
            bids=self._levels(self.matcher.bids),
            asks=self._levels(self.matcher.asks),
            last_e8=self.last_e8,
            last_size_e8=self.last_size_e8,
            volume_e8=self.volume_e8,
            turnover_e4=_held(self._turnover_e16 // E8_PER_E4),
            high_e8=self.high_e8,
            low_e8=self.low_e8,
            ts_us=self.changed_at_us,
        )

    def _levels(self, side: BookSide) -> list[Level]:
        return [(ticks * self._tick_e8, _held(units * self._lot_e8)) for ticks, units in side.best_first()]


OPERATIONS: dict[type[Operation], Callable[[Board, Any], list[Fill]]] = {
    Place: Board._place,
    Pull: Board._pull,
    Reduce: Board._reduce,
    Execute: Board._execute,
    Take: Board._take,
    Print: Board._print,
    Clear: Board._clear,
}


def _held(value: int) -> int:
    """Sums stop at what the wire can carry: a sum that no market reaches must not stop the engine."""
    return value if value < INT64_MAX else INT64_MAX
