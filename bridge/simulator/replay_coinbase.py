"""What does a recorded Coinbase connection (level2, ticker, matches of many products) say, event by event?

A line is `<receive time in s>: <message>`; lines that begin with the address of the socket tell what the client did. A
product opens with its level2 snapshot; after that each `l2update` is one book event, which sets a level to its size,
and each `match` a trade. The level that it took from is told by an update of its own, of the same exchange time. What
the connection told of earlier trades (`last_match`, the first ticker) did not happen while it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from bridge.simulator.actions import Operation
from bridge.simulator.board import BUYER, SELLER
from bridge.simulator.listings import Listing
from bridge.simulator.replay import Happening, RecordingFault, lines_of
from bridge.simulator.replay_levels import LevelRow, RecordedLevels, TradeRow, decimal_step, level_row, trade_row
from tradingmw.errors import InvalidRequest

CLIENT_LINE = "wss://"
Side = Literal["buy", "sell"]
AGGRESSOR = {"sell": BUYER, "buy": SELLER}  #: `side` is that of the order at rest


class _Message(msgspec.Struct):
    """A message, as far as it is read."""

    kind: str = msgspec.field(name="type")
    product_id: str = ""
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []
    changes: list[tuple[Side, str, str]] = []
    side: Side = "buy"
    price: str = "0"
    size: str = "0"


class _Event(NamedTuple):
    """A trade, or (`trade` None) an update of levels."""

    at_us: int
    rows: list[LevelRow]
    trade: TradeRow | None = None


class _Capture:
    """A file as it is read: for each product its snapshot, and what happened to it since, in order."""

    def __init__(self) -> None:
        self.begin_us = 0
        self.openings: dict[str, list[LevelRow]] = {}
        self.events: dict[str, list[_Event]] = {}

    def take(self, at_us: int, message: _Message) -> None:
        """`ValueError` and `InvalidRequest` for what a connection without a break does not say."""
        self.begin_us = self.begin_us or at_us
        product = message.product_id
        if message.kind == "snapshot":
            self._open(product, message)
        elif message.kind == "l2update":
            rows = [level_row(side == "buy", price, size) for side, price, size in message.changes]
            self._opened(product).append(_Event(at_us - self.begin_us, rows))
        elif message.kind == "match":
            trade = trade_row(AGGRESSOR[message.side], message.price, message.size)
            self._opened(product).append(_Event(at_us - self.begin_us, [], trade))

    def _open(self, product: str, message: _Message) -> None:
        if product in self.openings:
            raise ValueError(f"A second snapshot of {product}: the connection was interrupted.")
        if not product:
            raise ValueError("A snapshot of no product.")
        self.events[product] = []
        self.openings[product] = [level_row(True, *level) for level in message.bids]
        self.openings[product] += [level_row(False, *level) for level in message.asks]

    def _opened(self, product: str) -> list[_Event]:
        events = self.events.get(product)
        if events is None:
            raise ValueError(f"{product} has no snapshot yet.")
        return events


class CoinbaseRecording:
    """One product of a capture, held parsed: prices and sizes as scaled integers."""

    def __init__(self, product: str, opening: list[LevelRow], events: list[_Event]) -> None:
        self._product, self._opening, self._events = product, opening, events
        rows = opening + [row for event in events for row in event.rows]
        trades = [event.trade for event in events if event.trade]
        self._tick_e8 = decimal_step([row[1] for row in rows] + [trade[1] for trade in trades])
        self._lot_e8 = decimal_step([row[2] for row in rows] + [trade[2] for trade in trades])

    def listing(self, instrument_id: int) -> Listing:
        product, currency = self._product, self._product.rpartition("-")[2]
        text = f"{product}, recorded from Coinbase"
        return Listing(instrument_id, product, "COINBASE", text, currency, self._tick_e8, self._lot_e8)

    def opening(self) -> tuple[Operation, ...]:
        """The snapshot."""
        return tuple(self._levels().places())

    def happenings(self) -> Iterator[Happening]:
        """Every trade and every update after the snapshot; times count from the first line of the capture."""
        levels = self._levels()
        for event in self._events:
            if event.trade:
                yield Happening(event.at_us, (levels.printed(event.trade),))
            else:
                yield Happening(event.at_us, tuple(levels.changes(event.rows)))

    def _levels(self) -> RecordedLevels:
        return RecordedLevels(self._opening, tick_e8=self._tick_e8, lot_e8=self._lot_e8)


def coinbase_recordings(path: Path) -> list[CoinbaseRecording]:
    """A recording per product, in the order of their snapshots; `RecordingFault` names file and line."""
    capture = _read(path)
    if not capture.openings:
        raise RecordingFault(f"{path} holds no level2 snapshot.")
    return [
        CoinbaseRecording(product, opening, capture.events[product]) for product, opening in capture.openings.items()
    ]


def _read(path: Path) -> _Capture:
    decoder = msgspec.json.Decoder(_Message)
    capture = _Capture()
    for number, text in enumerate(lines_of(path), 1):
        if not text.strip() or text.startswith(CLIENT_LINE):
            continue
        seconds, _, message = text.partition(": ")
        try:
            capture.take(int(Decimal(seconds) * 1_000_000), decoder.decode(message))
        except (ValueError, ArithmeticError, msgspec.MsgspecError, InvalidRequest) as error:
            raise RecordingFault(f"{path}, line {number}: {error}") from error
    return capture
