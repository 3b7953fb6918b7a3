"""What does a market-data item look like to the outside, and how is it made into bytes?

An item is encoded once per wire format; every socket gets those same bytes. Absent values are left out. Prices and
sizes are decimal strings, `ts` integer epoch microseconds (the engine's).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import UNSET, Struct, UnsetType

Text = str | UnsetType
TRADES_KEPT = 100


class Channel(StrEnum):
    QUOTES = "quotes"
    TRADES = "trades"
    BOOK = "book"


class Quality(StrEnum):
    OK = "ok"
    STALE = "stale"  #: the feed has been silent for too long


class Item(Struct, kw_only=True, rename="camel", frozen=True):
    """`seq` is +1 per published update of a symbol and channel in an epoch; `prev_seq` what the socket had before.

    Where updates were merged, `skipped` = seq − prev_seq − 1.
    """

    symbol: str
    epoch: int
    seq: int
    prev_seq: int
    skipped: int | UnsetType = UNSET
    ts: int


class QuoteItem(Item, kw_only=True, rename="camel", frozen=True):
    """All that is known of the quote, every time: the newest item alone is the whole quote."""

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
    quality: Quality
    age_ms: int


TextLevel = tuple[str, str]


class BookItem(Item, kw_only=True, rename="camel", frozen=True):
    """Levels with absolute sizes, best first ("0" deletes): those of one event, or in a snapshot all of them."""

    bids: list[TextLevel]
    asks: list[TextLevel]
    checksum: int


class Print(Struct, kw_only=True, rename="camel", frozen=True):
    """One trade in a snapshot. `side` is the aggressor's, absent where there was none."""

    seq: int
    ts: int
    price: str
    size: str
    side: Text = UNSET
    trade_id: str


class TradeItem(Item, kw_only=True, rename="camel", frozen=True):
    """One trade as it happens."""

    price: str
    size: str
    side: Text = UNSET
    trade_id: str


class TradesItem(Item, kw_only=True, rename="camel", frozen=True):
    """A snapshot of the last trades, oldest first."""

    trades: list[Print]


to_json = msgspec.json.Encoder().encode
to_msgpack = msgspec.msgpack.Encoder().encode
read_quote = msgspec.msgpack.Decoder(QuoteItem).decode
read_book = msgspec.msgpack.Decoder(BookItem).decode
read_trade = msgspec.msgpack.Decoder(TradeItem).decode
read_trades = msgspec.msgpack.Decoder(TradesItem).decode
