"""What is known of one instrument within an epoch, and which item does each thing that happens to it become?"""

from __future__ import annotations

from collections import deque

from msgspec import UNSET

from bridge.books import Book, Ladder
from bridge.wire import messages
from bridge.wire.market import Depth, Trade
from marketdata.feed.quote import QuoteState
from marketdata.frames import InstrumentState, topic
from marketdata.items import (
    TRADES_KEPT,
    BookItem,
    Channel,
    Print,
    TextLevel,
    TradeItem,
    TradesItem,
    to_msgpack,
)
from tradingmw.scaled import text_e8

EVENT_LEVELS = 20_000  #: an engine that never ends a book event must not fill our memory, nor its item a frame
AGGRESSOR = {1: "buy", 2: "sell"}
BID, CLEARED = 1, 0
NO_LEVELS: list[TextLevel] = []


class EventTooLarge(Exception):
    """A book event did not end within the levels that one may have."""


def levels_text(levels: list[tuple[int, int]]) -> list[TextLevel]:
    return [(text_e8(price), text_e8(size)) for price, size in levels]


class Side:
    """One side of the book, and what the event in progress will make of it: the book itself is never in mid-event."""

    __slots__ = ("_ascending", "ladder", "said")

    def __init__(self, ladder: Ladder, *, ascending: bool) -> None:
        self._ascending = ascending
        self.ladder = ladder
        self.said: dict[int, int] = {}  #: price → size, as the event has it so far

    def clear(self) -> None:
        self.said = dict.fromkeys([price for price, _ in self.ladder.top()], 0)

    def settled(self) -> list[TextLevel]:
        """Applies the event; the levels that it changed, best first."""
        said, self.said = self.said, {}
        set_level = self.ladder.set
        if len(said) == 1:  # the usual event
            ((price, size),) = said.items()
            return [(text_e8(price), text_e8(size))] if set_level(price, size) else []
        changed = [level for level in said.items() if set_level(*level)]
        changed.sort(reverse=not self._ascending)
        return levels_text(changed)


class InstrumentFeed:
    """Quote, book and last trades of one instrument, and the number of the last update on each channel."""

    __slots__ = (
        "asks",
        "bids",
        "book",
        "book_seq",
        "book_topic",
        "book_ts_us",
        "epoch",
        "prints",
        "quote",
        "quote_topic",
        "shard",
        "symbol",
        "trade_seq",
        "trade_topic",
    )

    def __init__(self, epoch: int, entry: messages.Instrument, snapshot: messages.InstrumentSnapshot) -> None:
        """`BookError` where the snapshot's sides are not strictly ordered, best first."""
        self.epoch, self.symbol, self.shard = epoch, entry.symbol, entry.shard
        self.quote_topic = topic(Channel.QUOTES, entry.symbol)
        self.trade_topic = topic(Channel.TRADES, entry.symbol)
        self.book_topic = topic(Channel.BOOK, entry.symbol)
        self.quote = QuoteState(entry.symbol, epoch, snapshot, entry.previous_close_e8)
        self.book = Book()
        self.book.load(snapshot.bids, snapshot.asks)
        self.bids = Side(self.book.bids, ascending=False)
        self.asks = Side(self.book.asks, ascending=True)
        self.book_ts_us = snapshot.ts_us
        self.prints: deque[Print] = deque(maxlen=TRADES_KEPT)
        self.trade_seq = self.book_seq = 0

    def trade_item(self, row: Trade) -> TradeItem:
        """The trade as the next update."""
        self.quote.traded(row)
        self.trade_seq = seq = self.trade_seq + 1
        price, size = text_e8(row.price_e8), text_e8(row.size_e8)
        side, trade_id = AGGRESSOR.get(row.aggressor, UNSET), str(row.trade_id)
        self.prints.append(Print(seq=seq, ts=row.ts_us, price=price, size=size, side=side, trade_id=trade_id))
        return TradeItem(
            symbol=self.symbol,
            epoch=self.epoch,
            seq=seq,
            prev_seq=seq - 1,
            ts=row.ts_us,
            price=price,
            size=size,
            side=side,
            trade_id=trade_id,
        )

    def changed(self, row: Depth) -> BookItem | None:
        """Takes one level; the event's item once it has ended, None before, and where it left the book as it was."""
        if row.side == CLEARED:
            self.bids.clear()
            self.asks.clear()
        else:
            (self.bids if row.side == BID else self.asks).said[row.price_e8] = row.size_e8
        if not row.last:
            self._refuse_endless_event()
            return None
        bids = self.bids.settled() if self.bids.said else NO_LEVELS
        asks = self.asks.settled() if self.asks.said else NO_LEVELS
        return self._book_item(bids, asks, row.ts_us) if bids or asks else None

    def _refuse_endless_event(self) -> None:
        if len(self.bids.said) + len(self.asks.said) > EVENT_LEVELS:
            raise EventTooLarge(self.symbol)

    def _book_item(self, bids: list[TextLevel], asks: list[TextLevel], ts_us: int) -> BookItem:
        self.book_seq = seq = self.book_seq + 1
        self.book_ts_us = ts_us
        return BookItem(
            symbol=self.symbol,
            epoch=self.epoch,
            seq=seq,
            prev_seq=seq - 1,
            ts=ts_us,
            bids=bids,
            asks=asks,
            checksum=self.book.checksum(),
        )

    def state(self, now_us: int) -> InstrumentState:
        """The whole state as snapshot items, numbered as the last updates were."""
        quote = to_msgpack(self.quote.as_it_is(now_us))
        return InstrumentState(self.symbol, quote, to_msgpack(self._whole_book()), self._last_trades())

    def _whole_book(self) -> BookItem:
        return BookItem(
            symbol=self.symbol,
            epoch=self.epoch,
            seq=self.book_seq,
            prev_seq=max(0, self.book_seq - 1),
            ts=self.book_ts_us,
            bids=levels_text(self.book.bids.top()),
            asks=levels_text(self.book.asks.top()),
            checksum=self.book.checksum(),
        )

    def _last_trades(self) -> bytes:
        trades = list(self.prints)
        return to_msgpack(
            TradesItem(
                symbol=self.symbol,
                epoch=self.epoch,
                seq=self.trade_seq,
                prev_seq=max(0, self.trade_seq - 1),
                ts=trades[-1].ts if trades else self.quote.item.ts,
                trades=trades,
            )
        )
