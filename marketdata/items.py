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


TextOrGone = str | UnsetType | None


class QuoteUpdate(Item, kw_only=True, rename="camel", frozen=True):
    """A change of the quote: all that is known of it, or with `delta` only the fields that differ from before.

    An absent field is as it was (with `delta`) or not known (without), or none of the chosen `fields`; null: it is not
    known any more (`delta` only).
    """

    bid: TextOrGone = UNSET
    bid_size: TextOrGone = UNSET
    ask: TextOrGone = UNSET
    ask_size: TextOrGone = UNSET
    last: TextOrGone = UNSET
    last_size: TextOrGone = UNSET
    volume: TextOrGone = UNSET
    change: TextOrGone = UNSET
    change_percent: TextOrGone = UNSET
    vwap: TextOrGone = UNSET
    high: TextOrGone = UNSET
    low: TextOrGone = UNSET
    quality: Quality | UnsetType = UNSET
    age_ms: int | UnsetType = UNSET


#: The fields of a quote that are told only where they changed.
CHANGING = tuple(name for name in QuoteUpdate.__struct_fields__ if name not in Item.__struct_fields__)
#: Those of them that say how fresh the others are: no choice of fields leaves them out.
FRESHNESS = ("quality", "age_ms")
#: Those that a client may choose: the name that it knows, and ours.
CHOOSABLE = {
    told: name
    for told, name in zip(QuoteUpdate.__struct_encode_fields__, QuoteUpdate.__struct_fields__, strict=True)
    if name in CHANGING and name not in FRESHNESS
}

TextLevel = tuple[str, str]


class BookItem(Item, kw_only=True, rename="camel", frozen=True):
    """Levels with absolute sizes, best first ("0" deletes): those that changed, or in a snapshot all of them.

    With a `depth` only so many levels of each side are in view: one that leaves it is deleted, and an item may have
    no level where it only brings the number up to date.
    """

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
