"""What is known of one instrument's quote, and which fields follow from what was traded?

Kept as scaled integers (`_e8`: 10⁻⁸, `_e4`: 10⁻⁴); 0 means that a value is absent, as on the wire. Beside them lives
the item that clients get, with a text for each: an update changes one or two of them, and only those are written anew.
"""

from __future__ import annotations

from msgspec import UNSET, Struct

from bridge.wire.market import Quote, Trade
from bridge.wire.messages import InstrumentSnapshot
from marketdata.items import Quality, Text
from tradingmw.scaled import notional_e4, text_e4, text_e8


def text(value_e8: int) -> Text:
    """The decimal string of a value; absent for 0."""
    return text_e8(value_e8) if value_e8 else UNSET


def rounded(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator, half away from zero."""
    half = abs(denominator) // 2
    size = (abs(numerator) + half) // abs(denominator)
    return size if (numerator < 0) == (denominator < 0) else -size


class LiveQuote(Struct, kw_only=True, rename="camel", gc=False):
    """`QuoteItem` of one instrument, changed in place: encoded at each update, never handed on."""

    symbol: str
    epoch: int
    seq: int = 0
    prev_seq: int = 0
    ts: int
    bid: Text = UNSET
    bid_size: Text = UNSET
    ask: Text = UNSET
    ask_size: Text = UNSET
    last: Text = UNSET
    last_size: Text = UNSET
    volume: Text = UNSET
    change: Text = UNSET
    change_percent: Text = UNSET
    vwap: Text = UNSET
    high: Text = UNSET
    low: Text = UNSET
    quality: Quality = Quality.OK
    age_ms: int = 0


class QuoteState:
    """Top of book, last trade and the day's figures of one instrument.

    `change` and `changePercent` (four decimals) refer to the previous close, `vwap` is turnover ÷ volume of the day.
    """

    __slots__ = (
        "ask_e8",
        "ask_size_e8",
        "bid_e8",
        "bid_size_e8",
        "close_e8",
        "high_e8",
        "item",
        "last_e8",
        "last_size_e8",
        "low_e8",
        "traded_e8",
        "turnover_e4",
        "volume_e8",
    )

    def __init__(self, symbol: str, epoch: int, snapshot: InstrumentSnapshot, close_e8: int) -> None:
        self.close_e8 = close_e8
        self.bid_e8 = self.bid_size_e8 = self.ask_e8 = self.ask_size_e8 = 0
        self.last_e8, self.last_size_e8 = snapshot.last_e8, snapshot.last_size_e8
        self.high_e8, self.low_e8 = snapshot.high_e8, snapshot.low_e8
        self.volume_e8 = self.traded_e8 = snapshot.volume_e8
        self.turnover_e4 = snapshot.turnover_e4
        self.item = LiveQuote(symbol=symbol, epoch=epoch, ts=snapshot.ts_us)
        bid, ask = (snapshot.bids or [(0, 0)])[0], (snapshot.asks or [(0, 0)])[0]
        self._top(*bid, *ask)
        self._write_day()

    def quoted(self, row: Quote) -> None:
        """Takes a new top of book, with the engine's last trade and volume where it names them."""
        _, self.item.ts, bid_e8, bid_size_e8, ask_e8, ask_size_e8, last_e8, last_size_e8, volume_e8 = row
        self._top(bid_e8, bid_size_e8, ask_e8, ask_size_e8)
        if volume_e8 not in (0, self.volume_e8):
            self.volume_e8 = volume_e8
            self._last(last_e8 or self.last_e8, last_size_e8 if last_e8 else self.last_size_e8)
        elif last_e8 and (last_e8 != self.last_e8 or last_size_e8 != self.last_size_e8):
            self._last(last_e8, last_size_e8)

    def traded(self, row: Trade) -> None:
        """Takes a trade into the last price and the day's figures."""
        self.item.ts = row.ts_us
        self.traded_e8 += row.size_e8
        self.volume_e8 = max(self.volume_e8, self.traded_e8)
        self.turnover_e4 += notional_e4(row.price_e8, row.size_e8)
        self.high_e8 = max(self.high_e8, row.price_e8)
        self.low_e8 = min(self.low_e8 or row.price_e8, row.price_e8)
        self._last(row.price_e8, row.size_e8)

    def as_update(self, now_us: int) -> LiveQuote:
        """The quote as the next update."""
        item = self.item
        item.prev_seq = seq = item.seq
        item.seq = seq + 1
        item.age_ms = (now_us - item.ts) // 1000 if now_us > item.ts else 0
        return item

    def as_it_is(self, now_us: int) -> LiveQuote:
        """The quote as the last update, older by now."""
        item = self.item
        item.age_ms = (now_us - item.ts) // 1000 if now_us > item.ts else 0
        return item

    def _top(self, bid_e8: int, bid_size_e8: int, ask_e8: int, ask_size_e8: int) -> None:
        """Most often one of them has changed."""
        item = self.item
        if bid_e8 != self.bid_e8:
            self.bid_e8, item.bid = bid_e8, text(bid_e8)
        if bid_size_e8 != self.bid_size_e8:
            self.bid_size_e8, item.bid_size = bid_size_e8, text(bid_size_e8)
        if ask_e8 != self.ask_e8:
            self.ask_e8, item.ask = ask_e8, text(ask_e8)
        if ask_size_e8 != self.ask_size_e8:
            self.ask_size_e8, item.ask_size = ask_size_e8, text(ask_size_e8)

    def _last(self, price_e8: int, size_e8: int) -> None:
        self.last_e8, self.last_size_e8 = price_e8, size_e8
        self._write_day()

    def _write_day(self) -> None:
        """What moves with trades only."""
        item = self.item
        item.last, item.last_size = text(self.last_e8), text(self.last_size_e8)
        item.volume, item.high, item.low = text(self.volume_e8), text(self.high_e8), text(self.low_e8)
        if self.last_e8 and self.close_e8:
            moved_e8 = self.last_e8 - self.close_e8
            item.change, item.change_percent = text_e8(moved_e8), text_e4(rounded(moved_e8 * 10**6, self.close_e8))
        if self.traded_e8:
            item.vwap = text_e8(rounded(self.turnover_e4 * 10**12, self.traded_e8))
