"""What does the market of a recording look like after each of its messages? As a follower of the link has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bridge.books import Book
from bridge.wire.envelope import Kind
from bridge.wire.limits import INT64_MAX
from bridge.wire.market import Depth, Quote, Trade, read_rows
from bridge.wire.messages import Instrument, InstrumentSnapshot

E8_PER_E4 = 10**12  #: price_e8 × size_e8 is in 10⁻¹⁶, an amount in 10⁻⁴
BID, CLEARED = 1, 0


class RecordedInstrument:
    """One instrument; begins with its snapshot."""

    def __init__(self, entry: Instrument, snapshot: InstrumentSnapshot) -> None:
        """`BookError` where the snapshot's sides are not in order."""
        self.entry = entry
        self.book = Book()
        self.book.load(snapshot.bids, snapshot.asks)
        self.last = (snapshot.last_e8, snapshot.last_size_e8)
        self.volume_e8, self.high_e8, self.low_e8 = snapshot.volume_e8, snapshot.high_e8, snapshot.low_e8
        self.turnover_e16 = snapshot.turnover_e4 * E8_PER_E4
        self.ts_us = snapshot.ts_us

    def quote(self, row: Quote) -> None:
        self.last, self.volume_e8, self.ts_us = (row.last_e8, row.last_size_e8), row.volume_e8, row.ts_us

    def trade(self, row: Trade) -> None:
        self.last, self.ts_us = (row.price_e8, row.size_e8), row.ts_us
        self.high_e8 = max(self.high_e8, row.price_e8)
        self.low_e8 = min(self.low_e8 or row.price_e8, row.price_e8)
        self.turnover_e16 += row.price_e8 * row.size_e8

    def depth(self, row: Depth) -> None:
        self.ts_us = row.ts_us
        if row.side == CLEARED:
            self.book.clear()
        else:
            (self.book.bids if row.side == BID else self.book.asks).set(row.price_e8, row.size_e8)

    def snapshot(self) -> InstrumentSnapshot:
        """All that a late joiner needs."""
        return InstrumentSnapshot(
            instrument_id=self.entry.instrument_id,
            bids=self.book.bids.top(),
            asks=self.book.asks.top(),
            last_e8=self.last[0],
            last_size_e8=self.last[1],
            volume_e8=self.volume_e8,
            turnover_e4=min(self.turnover_e16 // E8_PER_E4, INT64_MAX),
            high_e8=self.high_e8,
            low_e8=self.low_e8,
            ts_us=self.ts_us,
        )


class RecordedMarket:
    """Every instrument of a part of a recording, by id."""

    def __init__(self, table: Iterable[Instrument], snapshots: Iterable[InstrumentSnapshot]) -> None:
        opening = {snapshot.instrument_id: snapshot for snapshot in snapshots}
        empty = InstrumentSnapshot(instrument_id=1, bids=[], asks=[])
        self.instruments = {
            entry.instrument_id: RecordedInstrument(entry, opening.get(entry.instrument_id, empty)) for entry in table
        }

    def apply(self, kind: Kind, payload: bytes) -> None:
        """Take a batch in; rows of an instrument that the table does not have are passed over."""
        take = TAKERS[kind]
        for row in read_rows(kind, payload):
            if (instrument := self.instruments.get(row.instrument_id)) is not None:
                take(instrument, row)

    def of_shard(self, shard: str) -> list[InstrumentSnapshot]:
        return [one.snapshot() for one in self.instruments.values() if one.entry.shard == shard]


TAKERS: Mapping[Kind, Callable[[RecordedInstrument, Any], None]] = {
    Kind.QUOTES: RecordedInstrument.quote,
    Kind.TRADES: RecordedInstrument.trade,
    Kind.DEPTH: RecordedInstrument.depth,
}
