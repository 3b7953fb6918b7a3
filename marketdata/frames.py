"""What do the feed bridge and the hubs of the web processes say to each other?

Frames go out through the channel layer (group `md.<shard>`), one per flush and shard. A frame's `number` is +1 within
its epoch and shard, so that a hub notices a lost one; a heartbeat repeats the last number and carries no updates. A
hub that starts or missed something asks for the whole state (DEALER → ROUTER); it comes in parts of bounded size, all
of the same moment. On the same line hubs say how often they can pass frames on, and the order bridge asks for the
prices of the moment alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from marketdata.items import Quality

MESSAGE_TYPE = "market.frame"
UPDATES_PER_FRAME = 2_000  #: bounds a frame, as does the next; more updates become further frames
FRAME_BYTES = 128 * 1024  #: a frame ends with the update that reaches this size: queues are bounded in frames
PART_BYTES = 256 * 1024
PRICES_PER_PART = 2_000
PRICE_PARTS_MAX = 1_000

# A silent feed is told on the sockets within 2 s: 1.5 s until it is known, and up to 0.25 s until somebody looks.
HEARTBEAT_SECONDS = 0.5  #: each shard has a frame at least as often, and the engine speaks as often on each topic
SILENCE_SECONDS = 1.5  #: three missed heartbeats: of the engine for the feed bridge, of that for a hub
LOOK_SECONDS = 0.25  #: how often, at least, a reader asks itself whether it still hears something
LATE_SECONDS = (
    1.0  #: what waited longer is thrown away, with all that waits behind it, and the state is fetched instead
)

LONGEST_PACE_US = 100_000

Number = Annotated[int, Meta(ge=0)]


class FeedState(StrEnum):
    """What screens are told about the market-data link."""

    LIVE = "live"
    SYNCING = "syncing"  #: connected, fetching a snapshot
    STALE = "stale"  #: the engine's feed is silent
    DOWN = "down"  #: no engine, or no feed bridge


def group(shard: str) -> str:
    """The channel-layer group that carries the shard's frames."""
    return f"md.{shard}"


class Frame(Struct, array_like=True, frozen=True):
    """`updates` is flat, four members an update: topic, seq, JSON bytes, MessagePack bytes."""

    epoch: Number
    shard: str
    number: Number
    sent_us: Number
    state: FeedState
    age_ms: Number
    updates: list[Any]


class InstrumentState(Struct, array_like=True, frozen=True):
    """Snapshot items of one instrument, each in MessagePack."""

    symbol: str
    quote: bytes
    book: bytes
    trades: bytes


class Pace(Struct, array_like=True, frozen=True, tag=True):
    """What should lie between two flushes, at least, so that this hub keeps up; said each second, never answered."""

    interval_us: Annotated[int, Meta(ge=0, le=LONGEST_PACE_US)]


class StateRequest(Struct, array_like=True, frozen=True, tag=True):
    """`pulse`: how is the feed, without its instruments?"""

    request_id: Number
    pulse: bool = False


class StatePart(Struct, array_like=True, frozen=True):
    """One of `parts` parts of the state of the moment `made_us`; `numbers` gives each shard's frame number at it.

    `epoch` 0 and no shards: the feed bridge has no state yet. The answer to a pulse has no instruments either.
    """

    request_id: Number
    epoch: Number
    numbers: dict[str, Number]
    state: FeedState
    age_ms: Number
    made_us: Number
    part: Number
    parts: Annotated[int, Meta(ge=1)]
    instruments: list[InstrumentState]


class PricesRequest(Struct, array_like=True, frozen=True, tag=True):
    """What is every instrument worth now? No history, no book: small enough to be asked five times a second."""

    request_id: Number


class TopPrice(Struct, array_like=True, frozen=True, gc=False):
    """Best prices and the last one of an instrument, 0 where there is none.

    `age_ms`: for so long the engine has said nothing on the instrument's topic, not even that it lives.
    """

    symbol: str
    bid_e8: Number
    ask_e8: Number
    last_e8: Number
    quality: Quality
    age_ms: Number


class PricesPart(Struct, array_like=True, frozen=True):
    """One of `parts` parts of the prices of a moment. `epoch` 0 and no prices: there is no market now."""

    request_id: Number
    epoch: Number
    state: FeedState
    part: Number
    parts: Annotated[int, Meta(ge=1, le=PRICE_PARTS_MAX)]
    prices: Annotated[list[TopPrice], Meta(max_length=PRICES_PER_PART)]


encode = msgspec.msgpack.Encoder().encode
read_frame = msgspec.msgpack.Decoder(Frame).decode
read_state_request = msgspec.msgpack.Decoder(StateRequest | Pace | PricesRequest).decode
read_state_part = msgspec.msgpack.Decoder(StatePart).decode
read_prices_part = msgspec.msgpack.Decoder(PricesPart).decode


def topic(channel: str, symbol: str) -> str:
    """The name under which an update travels: channel and symbol."""
    return f"{channel}:{symbol}"
