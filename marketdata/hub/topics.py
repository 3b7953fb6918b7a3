"""What is the full state of one symbol on one channel, and what must a socket that stands at some number be sent?

State is kept as the items' MessagePack bytes and decoded only when somebody joins, reads or has fallen behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bridge.books import checksum_of
from marketdata.hub.pushes import SNAPSHOT, UPDATE
from marketdata.items import (
    TRADES_KEPT,
    BookItem,
    Channel,
    Item,
    Print,
    Quality,
    QuoteItem,
    TextLevel,
    TradeItem,
    TradesItem,
    read_book,
    read_quote,
    read_trade,
    read_trades,
)
from tradingmw.scaled import to_e8

if TYPE_CHECKING:
    from marketdata.hub.subscriber import Group

BOOK_UPDATES_UNFOLDED = 512


class CatchUp(NamedTuple):
    """What brings a socket up to date: the push's type and its items; `lost` trades could not be kept for it."""

    kind: str
    items: list[Item]
    lost: int = 0


class Moment(NamedTuple):
    """When and under which feed a state is read."""

    now_us: int
    live: bool


def skipped(seq: int, sent: int) -> int | UnsetType:
    """How many numbers lie between; absent for none."""
    return seq - sent - 1 if seq - sent > 1 else UNSET


class Topic:
    """A symbol on a channel. `sinks` are where its bytes go at each update, by format."""

    channel: ClassVar[Channel]
    __slots__ = ("json_sinks", "msgpack_sinks", "seq", "symbol")

    def __init__(self, symbol: str, seq: int) -> None:
        self.symbol, self.seq = symbol, seq
        self.json_sinks: dict[Group, Callable[[bytes], None]] = {}
        self.msgpack_sinks: dict[Group, Callable[[bytes], None]] = {}

    def note(self, seq: int, packed: bytes) -> None:
        """Takes an update into the state."""
        raise NotImplementedError

    def snapshot(self, sent: int, moment: Moment) -> Item:
        """The whole state, for a socket that was last sent number `sent` (0: nothing)."""
        raise NotImplementedError

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        """What stands for all updates after number `sent`."""
        raise NotImplementedError


class QuoteTopic(Topic):
    """The newest item is the whole quote."""

    channel = Channel.QUOTES
    __slots__ = ("_last",)

    def __init__(self, packed: bytes) -> None:
        item = read_quote(packed)
        super().__init__(item.symbol, item.seq)
        self._last = packed

    def note(self, seq: int, packed: bytes) -> None:
        self.seq, self._last = seq, packed

    def snapshot(self, sent: int, moment: Moment) -> QuoteItem:
        item = read_quote(self._last)
        quality = item.quality if moment.live else Quality.STALE
        age_ms = max(0, moment.now_us - item.ts) // 1000
        return replace(item, prev_seq=sent, quality=quality, age_ms=age_ms)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        item = self.snapshot(sent, moment)
        return CatchUp(UPDATE, [replace(item, skipped=skipped(item.seq, sent))])


class BookTopic(Topic):
    """The book's levels as text, and the updates since that nobody has needed in them yet."""

    channel = Channel.BOOK
    __slots__ = ("_asks", "_bids", "_epoch", "_ts_us", "_unfolded")

    def __init__(self, packed: bytes) -> None:
        item = read_book(packed)
        super().__init__(item.symbol, item.seq)
        self._epoch, self._ts_us = item.epoch, item.ts
        self._bids, self._asks = dict(item.bids), dict(item.asks)
        self._unfolded: list[bytes] = []

    def note(self, seq: int, packed: bytes) -> None:
        self.seq = seq
        self._unfolded.append(packed)
        if len(self._unfolded) >= BOOK_UPDATES_UNFOLDED:
            self._fold()

    def _fold(self) -> None:
        for packed in self._unfolded:
            item = read_book(packed)
            set_levels(self._bids, item.bids)
            set_levels(self._asks, item.asks)
            self._ts_us = item.ts
        self._unfolded = []

    def snapshot(self, sent: int, moment: Moment) -> BookItem:
        return self.top(None, sent)

    def top(self, depth: int | None, sent: int = 0) -> BookItem:
        """The best `depth` levels (None: all); the checksum is that of as many."""
        self._fold()
        bids, asks = best_first(self._bids, descending=True)[:depth], best_first(self._asks)[:depth]
        return BookItem(
            symbol=self.symbol,
            epoch=self._epoch,
            seq=self.seq,
            prev_seq=sent,
            ts=self._ts_us,
            bids=bids,
            asks=asks,
            checksum=checksum_of(bids, asks),
        )

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        return CatchUp(SNAPSHOT, [replace(self.top(None, sent), skipped=skipped(self.seq, sent))])


class TradeTopic(Topic):
    """The last trades: those of the state this hub began with, then those it has seen."""

    channel = Channel.TRADES
    __slots__ = ("_before", "_state", "_update")

    def __init__(self, packed: bytes) -> None:
        self._state = read_trades(packed)
        super().__init__(self._state.symbol, self._state.seq)
        self._before = self._state.trades
        self._update: deque[bytes] = deque(maxlen=TRADES_KEPT)

    def note(self, seq: int, packed: bytes) -> None:
        self.seq = seq
        self._update.append(packed)

    def trades(self) -> list[Print]:
        """The last trades, oldest first."""
        return [*self._before, *[printed(read_trade(packed)) for packed in self._update]][-TRADES_KEPT:]

    def snapshot(self, sent: int, moment: Moment) -> TradesItem:
        trades = self.trades()
        ts = trades[-1].ts if trades else self._state.ts
        return replace(self._state, seq=self.seq, prev_seq=sent, ts=ts, trades=trades)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        items: list[Item] = []
        lost = 0
        for trade in self.trades():
            if trade.seq <= sent:
                continue
            gap = skipped(trade.seq, sent)
            lost += 0 if gap is UNSET else gap
            items.append(self._item(trade, sent, gap))
            sent = trade.seq
        return CatchUp(UPDATE, items, lost)

    def _item(self, trade: Print, sent: int, gap: int | UnsetType) -> TradeItem:
        return TradeItem(
            symbol=self.symbol,
            epoch=self._state.epoch,
            seq=trade.seq,
            prev_seq=sent,
            skipped=gap,
            ts=trade.ts,
            price=trade.price,
            size=trade.size,
            side=trade.side,
            trade_id=trade.trade_id,
        )


def printed(item: TradeItem) -> Print:
    return Print(seq=item.seq, ts=item.ts, price=item.price, size=item.size, side=item.side, trade_id=item.trade_id)


def set_levels(side: dict[str, str], levels: list[TextLevel]) -> None:
    """Sizes are absolute, "0" takes the level away. Equal prices have equal texts."""
    for price, size in levels:
        if size == "0":
            side.pop(price, None)
        else:
            side[price] = size


def best_first(side: dict[str, str], *, descending: bool = False) -> list[TextLevel]:
    return sorted(side.items(), key=lambda level: to_e8(level[0]), reverse=descending)
