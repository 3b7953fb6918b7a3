"""What does a recorded Binance stream (depth updates, trades, the REST snapshot in line) say, event by event?

A line is `<receive time in ns> <message>`. The book opens with the snapshot; depth updates that it contains already are
dropped, a hole in their ids is a fault of the file. Tick and lot are the finest decimal steps that occur.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from bridge.simulator.actions import Operation
from bridge.simulator.board import BUYER, SELLER
from bridge.simulator.listings import Listing
from bridge.simulator.replay import Happening, RecordingFault, lines_of
from bridge.simulator.replay_levels import LevelRow, RecordedLevels, TradeRow, decimal_step, level_row, trade_row
from tradingmw.errors import InvalidRequest

QUOTE_CURRENCIES = ("USDT", "USDC", "BUSD", "FDUSD", "BTC", "ETH", "BNB", "EUR", "USD")


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
    row: TradeRow


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
            self.events.append(_Trade(at_us, trade_row(aggressor, data.price, data.quantity)))

    def steps(self) -> tuple[int, int]:
        """Tick and lot."""
        rows = self.opening + [row for event in self.events if isinstance(event, _Update) for row in event.rows]
        trades = [event.row for event in self.events if isinstance(event, _Trade)]
        tick_e8 = decimal_step([row[1] for row in rows] + [trade[1] for trade in trades])
        return tick_e8, decimal_step([row[2] for row in rows] + [trade[2] for trade in trades])

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
        return tuple(self._levels().places())

    def happenings(self) -> Iterator[Happening]:
        """Every trade and every depth update that the snapshot does not contain."""
        levels = self._levels()
        begin_us = self._stream.events[0].at_us if self._stream.events else 0
        for event in self._stream.events:
            if isinstance(event, _Trade):
                yield Happening(event.at_us - begin_us, (levels.printed(event.row),))
            elif event.last_id > self._stream.snapshot_id:
                yield Happening(event.at_us - begin_us, tuple(levels.changes(event.rows)))

    def _levels(self) -> RecordedLevels:
        return RecordedLevels(self._stream.opening, tick_e8=self._tick_e8, lot_e8=self._lot_e8)


def _read(path: Path) -> _Stream:
    decoder = msgspec.json.Decoder(_Line)
    stream = _Stream()
    for number, text in enumerate(lines_of(path), 1):
        nanoseconds, _, message = text.partition(" ")
        try:
            stream.take(int(nanoseconds) // 1000, decoder.decode(message))
        except (ValueError, IndexError, msgspec.MsgspecError, InvalidRequest) as error:
            raise RecordingFault(f"{path}, line {number}: {error}") from error
    return stream


def _rows(bids: list[list[str]] | str, asks: list[list[str]] | str) -> list[LevelRow]:
    if isinstance(bids, str) or isinstance(asks, str):
        return []
    return [level_row(True, row[0], row[1]) for row in bids] + [level_row(False, row[0], row[1]) for row in asks]
