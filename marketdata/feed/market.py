"""Which updates do the engine's batches become? The market of one epoch: pure state, no socket, no clock.

An epoch is a stretch in which nothing was missed: after a gap, or when the engine begins anew, a new `Market` is made
from fresh snapshots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from bridge.wire import messages
from bridge.wire.market import Depth, Quote, Trade
from marketdata.feed.instrument import InstrumentFeed
from marketdata.feed.prices import LastPrices
from marketdata.items import Item, Quality, to_json, to_msgpack

Updates = list[Any]  #: flat: topic, seq, JSON, MessagePack, …


class Market:
    """All instruments of an epoch, and per shard the updates that wait for the next flush."""

    def __init__(
        self,
        epoch: int,
        table: Sequence[messages.Instrument],
        snapshots: Iterable[messages.InstrumentSnapshot],
        rejected: Counter[str],
    ) -> None:
        """`BookError` where a snapshot's side is not strictly ordered."""
        self.epoch = epoch
        self.now_us = 0  #: set by the owner before each batch
        self._rejected = rejected
        known = {snapshot.instrument_id: snapshot for snapshot in snapshots}
        self._instruments = {
            entry.instrument_id: InstrumentFeed(epoch, entry, known.get(entry.instrument_id) or _empty(entry))
            for entry in table
        }
        self.pending: dict[str, Updates] = {entry.shard: [] for entry in table}
        self._traded: dict[int, InstrumentFeed] = {}
        self._stale: frozenset[str] = frozenset()
        self.prices = LastPrices((feed.symbol, feed.quote) for feed in self._instruments.values())

    def on_quotes(self, rows: Iterable[Quote]) -> None:
        """Every quote is an update: nothing is merged here."""
        instruments, traded = self._instruments, self._traded
        for row in rows:
            instrument = instruments.get(row.instrument_id)
            if instrument is None:
                self._rejected["UNKNOWN_INSTRUMENT"] += 1
                continue
            if traded:
                traded.pop(row.instrument_id, None)
            quote = instrument.quote
            if row.last_e8 != quote.last_e8 and row.last_e8:
                self.prices.note(instrument.symbol, quote, row.last_e8)
            quote.quoted(row)
            self._publish_quote(instrument)

    def on_trades(self, rows: Iterable[Trade]) -> None:
        for row in rows:
            instrument = self._instruments.get(row.instrument_id)
            if instrument is None:
                self._rejected["UNKNOWN_INSTRUMENT"] += 1
                continue
            self._publish(instrument.shard, instrument.trade_topic, instrument.trade_item(row))
            self.prices.note(instrument.symbol, instrument.quote, row.price_e8)
            self._traded[row.instrument_id] = instrument

    def on_depth(self, rows: Iterable[Depth]) -> None:
        """`EventTooLarge` where a book event does not end."""
        for row in rows:
            instrument = self._instruments.get(row.instrument_id)
            if instrument is None:
                self._rejected["UNKNOWN_INSTRUMENT"] += 1
            elif item := instrument.changed(row):
                self._publish(instrument.shard, instrument.book_topic, item)

    def settle(self) -> None:
        """Before a flush: a trade that no quote followed changes the quote all the same."""
        for instrument in self._traded.values():
            self._publish_quote(instrument)
        self._traded.clear()

    def set_stale(self, shards: Collection[str]) -> None:
        """The instruments of `shards` are stale, all others are not: an update for each whose quality that changes."""
        if shards == self._stale:
            return
        self._stale = frozenset(shards)
        for instrument in self._instruments.values():
            quality = Quality.STALE if instrument.shard in self._stale else Quality.OK
            if instrument.quote.item.quality is not quality:
                instrument.quote.item.quality = quality
                self._publish_quote(instrument)

    def taken(self, shard: str) -> Updates:
        """The shard's waiting updates in order; none wait any more."""
        updates, self.pending[shard] = self.pending[shard], []
        return updates

    @property
    def shards(self) -> list[str]:
        return list(self.pending)

    @property
    def instruments(self) -> Iterable[InstrumentFeed]:
        return self._instruments.values()

    def _publish_quote(self, instrument: InstrumentFeed) -> None:
        item = instrument.quote.as_update(self.now_us)
        self.pending[instrument.shard] += (instrument.quote_topic, item.seq, to_json(item), to_msgpack(item))

    def _publish(self, shard: str, topic: str, item: Item) -> None:
        self.pending[shard] += (topic, item.seq, to_json(item), to_msgpack(item))


def _empty(entry: messages.Instrument) -> messages.InstrumentSnapshot:
    return messages.InstrumentSnapshot(instrument_id=entry.instrument_id, bids=[], asks=[])
