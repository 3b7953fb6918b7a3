"""What does a recorded Binance stream (depth updates, trades, the REST snapshot in line) say, event by event?

A line is `<receive time in ns> <message>`. The book opens with the snapshot; depth updates that it contains already are
dropped, a hole in their ids is a fault of the file. A level is one synthetic order, set to each new size that is told.
Tick and lot are the finest decimal steps that occur.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd
from pathlib import Path
from typing import NamedTuple

import msgspec

from bridge.simulator.actions import Operation, Place, Print, Pull
from bridge.simulator.board import BUYER, SELLER
from bridge.simulator.listings import Listing
from bridge.simulator.replay import Happening, RecordingFault, lines_of
from tradingmw.errors import InvalidRequest
from tradingmw.scaled import to_e8

QUOTE_CURRENCIES = ("USDT", "USDC", "BUSD", "FDUSD", "BTC", "ETH", "BNB", "EUR", "USD")
LevelRow = tuple[bool, int, int]  #: buy, price_e8, size_e8


class _Payload(msgspec.Struct):
    """`data` of a combined stream, as far as it is read."""

    symbol: str = msgspec.field(name="s", default="")
    event: str = msgspec.field(name="e", default="")
    first_id: int = msgspec.field(name="U", default=0)
    last_id: int = msgspec.field(name="u", default=0)
    bids: list[list[str]] | str = msgspec.field(name="b", default_factory=list)
    asks: list[list[str]] | str = msgspec.field(name="a", default_factory=list)
    price: str = msgspec.field(name="p", default="0")
    quantity: str = msgspec.field(name="q", default="0")
    buyer_is_maker: bool = msgspec.field(name="m", default=False)


class _Line(msgspec.Struct):
    """A message of the stream, or the REST snapshot."""

    data: _Payload | None = None
    last_update_id: int = msgspec.field(name="lastUpdateId", default=0)
    bids: list[list[str]] = []
    asks: list[list[str]] = []


class _Trade(NamedTuple):
    at_us: int
    aggressor: int
    price_e8: int
    size_e8: int


class _Update(NamedTuple):
    at_us: int
    first_id: int
    last_id: int
    rows: list[LevelRow]


class _Stream:
    """A file as it is read: the symbols met, the snapshot, and what happened, in order."""

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self.snapshot_id = 0
        self.opening: list[LevelRow] = []
        self.events: list[_Trade | _Update] = []

    def take(self, at_us: int, line: _Line) -> None:
        data = line.data
        if data is None:
            self.snapshot_id, self.opening = line.last_update_id, _rows(line.bids, line.asks)
            return
        self.symbols.add(data.symbol)
        if data.event == "depthUpdate":
            self.events.append(_Update(at_us, data.first_id, data.last_id, _rows(data.bids, data.asks)))
        elif data.event == "trade":
            aggressor = SELLER if data.buyer_is_maker else BUYER
            self.events.append(_Trade(at_us, aggressor, to_e8(data.price), to_e8(data.quantity)))

    def steps(self) -> tuple[int, int]:
        """Tick and lot: the greatest powers of ten (of 10⁻⁸) that divide all prices and all quantities."""
        updates = [row for event in self.events if isinstance(event, _Update) for row in event.rows]
        trades = [event for event in self.events if isinstance(event, _Trade)]
        rows = self.opening + updates
        prices = gcd(*(row[1] for row in rows), *(trade.price_e8 for trade in trades))
        sizes = gcd(*(row[2] for row in rows), *(trade.size_e8 for trade in trades))
        return _power_of_ten(prices), _power_of_ten(sizes)

    def missing_id(self) -> int | None:
        """The first update id that a depth update should have begun with and none did."""
        expected = 0
        for event in self.events:
            if isinstance(event, _Update):
                if expected and event.first_id != expected:
                    return expected
                expected = event.last_id + 1
        return None


class BinanceRecording:
    """One recorded symbol, held parsed: prices and sizes as scaled integers."""

    def __init__(self, path: Path) -> None:
        self._stream = _read(path)
        if len(self._stream.symbols) != 1 or not self._stream.opening:
            raise RecordingFault(f"{path} does not hold one symbol and its snapshot.")
        if (missing := self._stream.missing_id()) is not None:
            raise RecordingFault(f"{path}: depth update {missing} is missing.")
        self._tick_e8, self._lot_e8 = self._stream.steps()

    def listing(self, instrument_id: int) -> Listing:
        symbol = next(iter(self._stream.symbols))
        currency = next((name for name in QUOTE_CURRENCIES if symbol.endswith(name)), "USD")
        text = f"{symbol}, recorded from Binance"
        return Listing(instrument_id, symbol, "BINANCE", text, currency, self._tick_e8, self._lot_e8)

    def opening(self) -> tuple[Operation, ...]:
        """The snapshot."""
        return tuple(self._place(*row) for row in self._stream.opening if row[2])

    def happenings(self) -> Iterator[Happening]:
        """Every trade and every depth update that the snapshot does not contain."""
        known = {(buy, price_e8): size_e8 for buy, price_e8, size_e8 in self._stream.opening if size_e8}
        begin_us = self._stream.events[0].at_us if self._stream.events else 0
        for event in self._stream.events:
            if isinstance(event, _Trade):
                trade = Print(event.aggressor, event.price_e8, event.size_e8 // self._lot_e8)
                yield Happening(event.at_us - begin_us, (trade,))
            elif event.last_id > self._stream.snapshot_id:
                yield Happening(event.at_us - begin_us, tuple(self._changes(event.rows, known)))

    def _changes(self, rows: Iterable[LevelRow], known: dict[tuple[bool, int], int]) -> Iterator[Operation]:
        """What really changes; what goes or shrinks first, so that the recording never trades with itself."""
        later: list[Operation] = []
        for buy, price_e8, size_e8 in rows:
            before = known.get((buy, price_e8), 0)
            if not size_e8 and before:
                del known[buy, price_e8]
                yield Pull((buy, price_e8))
            elif size_e8 != before:
                known[buy, price_e8] = size_e8
                later.append(self._place(buy, price_e8, size_e8))
        yield from later

    def _place(self, buy: bool, price_e8: int, size_e8: int) -> Place:
        return Place((buy, price_e8), buy, price_e8 // self._tick_e8, size_e8 // self._lot_e8)


def _read(path: Path) -> _Stream:
    decoder = msgspec.json.Decoder(_Line)
    stream = _Stream()
    for number, text in enumerate(lines_of(path), 1):
        nanoseconds, _, message = text.partition(" ")
        try:
            stream.take(int(nanoseconds) // 1000, decoder.decode(message))
        except (ValueError, IndexError, InvalidRequest) as error:
            raise RecordingFault(f"{path}, line {number}: {error}") from error
    return stream


def _rows(bids: list[list[str]] | str, asks: list[list[str]] | str) -> list[LevelRow]:
    if isinstance(bids, str) or isinstance(asks, str):
        return []
    return [(True, to_e8(row[0]), to_e8(row[1])) for row in bids] + [
        (False, to_e8(row[0]), to_e8(row[1])) for row in asks
    ]


def _power_of_ten(step: int) -> int:
    power = 1
    while step and step % (power * 10) == 0:
        power *= 10
    return power
