"""What does a LOBSTER message file (NASDAQ, order by order) say, event by event?

The opening state is the first row of an order-book file of the same day: one synthetic order a level, since it does not
name its orders. It already contains the first message. A later message about an order that was never submitted means
such an opening level.

Columns of messages: seconds after midnight, type, order id, size, price (dollars × 10,000), direction (1 buy, −1 sell)
of the resting order. Types: 1 submission, 2 part cancelled, 3 deleted, 4 executed, 5 hidden order executed, 7 halt.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from bridge.simulator.actions import Execute, Key, Operation, Place, Print, Pull, Reduce
from bridge.simulator.board import BUYER, SELLER
from bridge.simulator.listings import Listing
from bridge.simulator.replay import Happening, RecordingFault, lines_of

E8_PER_PRICE = 10_000  #: a LOBSTER price is in 10⁻⁴
PRICE_PER_TICK = 100
SUBMITTED, HALTED = 1, 7


class Line(NamedTuple):
    """One message."""

    time_us: int
    kind: int
    order_id: int
    size: int
    price: int
    buy: bool

    @property
    def ticks(self) -> int:
        return self.price // PRICE_PER_TICK


class LobsterRecording:
    """One message file with its opening state."""

    def __init__(self, messages: Path, opening: Path | None = None) -> None:
        self._messages = messages
        self._opening = opening or opening_beside(messages)
        self._symbol = messages.name.split("_")[0].upper()
        first = next(self._lines(), None)
        if first is None:
            raise RecordingFault(f"{messages} is empty.")
        self._first = first

    def listing(self, instrument_id: int) -> Listing:
        return Listing(instrument_id, self._symbol, "XNAS", f"{self._symbol}, recorded by LOBSTER")

    def opening(self) -> tuple[Operation, ...]:
        """The recorded levels, without the part of the first message, and that message's order by itself."""
        levels = {(place.buy, place.ticks): place.units for place in self._opening_levels()}
        first = self._first
        if first.kind != SUBMITTED:
            return tuple(Place(("opening", *level), *level, units) for level, units in levels.items())
        levels[first.buy, first.ticks] = levels.get((first.buy, first.ticks), first.size) - first.size
        places = [Place(("opening", *level), *level, units) for level, units in levels.items() if units > 0]
        return (*places, Place(first.order_id, first.buy, first.ticks, first.size))

    def happenings(self) -> Iterator[Happening]:
        """Every message after the first that says anything about book or trades."""
        lines = self._lines()
        begin_us = next(lines).time_us
        submitted = {self._first.order_id}
        for line in lines:
            if line.kind == SUBMITTED:
                submitted.add(line.order_id)
            if line.kind in OPERATIONS:
                key: Key = line.order_id if line.order_id in submitted else ("opening", line.buy, line.ticks)
                yield Happening(line.time_us - begin_us, (OPERATIONS[line.kind](line, key),))
            elif line.kind != HALTED:
                raise RecordingFault(f"{self._messages}: a message of type {line.kind} is unknown.")

    def _lines(self) -> Iterator[Line]:
        for number, row in enumerate(csv.reader(lines_of(self._messages)), 1):
            try:
                time, kind, order_id, size, price, direction = row[:6]
                moment_us = int(Decimal(time) * 1_000_000)
                yield Line(moment_us, int(kind), int(order_id), int(size), int(price), direction == "1")
            except (ValueError, ArithmeticError) as error:
                raise RecordingFault(f"{self._messages}, line {number}: {error}") from error

    def _opening_levels(self) -> Iterator[Place]:
        """Row 1: ask price, ask size, bid price, bid size of each level; missing levels have size 0."""
        try:
            cells = [int(cell) for cell in next(csv.reader(lines_of(self._opening)), [])]
        except ValueError as error:
            raise RecordingFault(f"{self._opening}, line 1: {error}") from error
        if not cells or len(cells) % 4:
            raise RecordingFault(f"{self._opening}, line 1: {len(cells)} cells are no order book.")
        for ask_price, ask_size, bid_price, bid_size in zip(*[iter(cells)] * 4, strict=True):
            if ask_size:
                yield Place(None, False, ask_price // PRICE_PER_TICK, ask_size)
            if bid_size:
                yield Place(None, True, bid_price // PRICE_PER_TICK, bid_size)


def opening_beside(messages: Path) -> Path:
    """The order-book file of the same instrument and day in the same folder; `RecordingFault` if there is none."""
    day = "_".join(messages.name.split("_")[:2])
    found = sorted(messages.parent.glob(f"{day}_*orderbook*.csv*"))
    if not found:
        raise RecordingFault(f"No opening state {day}_*orderbook*.csv beside {messages}.")
    return found[0]


def _printed(line: Line, key: Key) -> Print:
    return Print(SELLER if line.buy else BUYER, line.price * E8_PER_PRICE, line.size)


OPERATIONS: dict[int, Callable[[Line, Key], Operation]] = {
    1: lambda line, key: Place(key, line.buy, line.ticks, line.size),
    2: lambda line, key: Reduce(key, line.size),
    3: lambda line, key: Pull(key) if key == line.order_id else Reduce(key, line.size),
    4: lambda line, key: Execute(key, line.size),
    5: _printed,
}
