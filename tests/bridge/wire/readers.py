"""The readers of the link by the names that the golden vectors use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bridge.wire import codec
from bridge.wire.envelope import Kind, check
from bridge.wire.faults import Reason, WireError
from bridge.wire.market import read_depth, read_quotes, read_trades

BATCHES = {
    "quotes": (Kind.QUOTES, read_quotes),
    "trades": (Kind.TRADES, read_trades),
    "depth": (Kind.DEPTH, read_depth),
}
MESSAGES: dict[str, Callable[[Sequence[bytes]], Any]] = {
    "to_engine": codec.decode_to_engine,
    "from_engine": codec.decode_from_engine,
    "query": codec.decode_query,
    "query_reply": codec.decode_query_reply,
    "published": codec.decode_published,
    "bar": codec.decode_bar,
}


def read(decoder: str, frames: Sequence[bytes]) -> Any:
    if decoder in MESSAGES:
        return MESSAGES[decoder](frames)
    kind, reader = BATCHES[decoder]
    envelope, payload = frames
    assert check(envelope, payload).kind is kind
    return reader(payload)


def reason_of(decoder: str, frames: Sequence[bytes]) -> Reason | None:
    """Why the frames are refused; None = they are not. Anything but a `WireError` comes through."""
    try:
        read(decoder, frames)
    except WireError as error:
        return error.reason
    return None
