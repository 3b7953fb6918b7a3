"""What is known of one instrument's quote, and which fields follow from what was traded?

Kept as scaled integers (`_e8`: 10⁻⁸, `_e4`: 10⁻⁴); 0 means that a value is absent, as on the wire.
"""

from __future__ import annotations

from msgspec import UNSET

from bridge.wire.market import Quote, Trade
from bridge.wire.messages import InstrumentSnapshot
from marketdata.items import Quality, QuoteItem, Text
from tradingmw.scaled import notional_e4, text_e4, text_e8


def text(value_e8: int) -> Text:
    """The decimal string of a value; absent for 0."""
    return text_e8(value_e8) if value_e8 else UNSET


def rounded(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator, half away from zero."""
    half = abs(denominator) // 2
    size = (abs(numerator) + half) // abs(denominator)
    return size if (numerator < 0) == (denominator < 0) else -size


class QuoteState:
    """Top of book, last trade and the day's figures of one instrument.

    `change` and `change_percent` (four decimals) refer to the previous close, `vwap` is turnover ÷ volume of the day.
    """

    __slots__ = (
        "_day",
        "ask_e8",
        "ask_size_e8",
        "bid_e8",
        "bid_size_e8",
        "close_e8",
        "high_e8",
        "last_e8",
        "last_size_e8",
        "low_e8",
        "traded_e8",
        "ts_us",
        "turnover_e4",
        "volume_e8",
    )

    def __init__(self, snapshot: InstrumentSnapshot, close_e8: int) -> None:
        self.close_e8 = close_e8
        self.bid_e8, self.bid_size_e8 = snapshot.bids[0] if snapshot.bids else (0, 0)
        self.ask_e8, self.ask_size_e8 = snapshot.asks[0] if snapshot.asks else (0, 0)
        self.last_e8, self.last_size_e8 = snapshot.last_e8, snapshot.last_size_e8
        self.high_e8, self.low_e8 = snapshot.high_e8, snapshot.low_e8
        self.volume_e8 = self.traded_e8 = snapshot.volume_e8
        self.turnover_e4 = snapshot.turnover_e4
        self.ts_us = snapshot.ts_us
        self._day = self._day_texts()

    def quoted(self, row: Quote) -> None:
        """Takes a new top of book, with the engine's last trade and volume where it names them."""
        before = self.last_e8, self.volume_e8
        self.ts_us = row.ts_us
        self.bid_e8, self.bid_size_e8 = row.bid_e8, row.bid_size_e8
        self.ask_e8, self.ask_size_e8 = row.ask_e8, row.ask_size_e8
        if row.last_e8:
            self.last_e8, self.last_size_e8 = row.last_e8, row.last_size_e8
        self.volume_e8 = row.volume_e8 or self.volume_e8
        if before != (self.last_e8, self.volume_e8):
            self._day = self._day_texts()

    def traded(self, row: Trade) -> None:
        """Takes a trade into the last price and the day's figures."""
        price_e8 = row.price_e8
        self.ts_us = row.ts_us
        self.last_e8, self.last_size_e8 = price_e8, row.size_e8
        self.high_e8 = max(self.high_e8, price_e8)
        self.low_e8 = min(self.low_e8 or price_e8, price_e8)
        self.traded_e8 += row.size_e8
        self.volume_e8 = max(self.volume_e8, self.traded_e8)
        self.turnover_e4 += notional_e4(price_e8, row.size_e8)
        self._day = self._day_texts()

    def _day_texts(self) -> tuple[Text, ...]:
        """volume, change, change_percent, vwap, high, low: they move with trades only, so they are kept as text."""
        change: Text = UNSET
        change_percent: Text = UNSET
        vwap: Text = UNSET
        if self.last_e8 and self.close_e8:
            moved_e8 = self.last_e8 - self.close_e8
            change, change_percent = text_e8(moved_e8), text_e4(rounded(moved_e8 * 10**6, self.close_e8))
        if self.traded_e8:
            vwap = text_e8(rounded(self.turnover_e4 * 10**12, self.traded_e8))
        return text(self.volume_e8), change, change_percent, vwap, text(self.high_e8), text(self.low_e8)

    def item(self, symbol: str, epoch: int, seq: int, now_us: int, quality: Quality) -> QuoteItem:
        """The quote as update `seq`."""
        volume, change, change_percent, vwap, high, low = self._day
        return QuoteItem(
            symbol=symbol,
            epoch=epoch,
            seq=seq,
            prev_seq=seq - 1,
            ts=self.ts_us,
            bid=text(self.bid_e8),
            bid_size=text(self.bid_size_e8),
            ask=text(self.ask_e8),
            ask_size=text(self.ask_size_e8),
            last=text(self.last_e8),
            last_size=text(self.last_size_e8),
            volume=volume,
            change=change,
            change_percent=change_percent,
            vwap=vwap,
            high=high,
            low=low,
            quality=quality,
            age_ms=max(0, now_us - self.ts_us) // 1000,
        )
