"""Batches of market data as an engine would publish them."""

from __future__ import annotations

from typing import NamedTuple

from bridge.wire.envelope import Kind
from bridge.wire.golden.example import NOON_US
from bridge.wire.limits import INT64_MAX
from bridge.wire.market import Depth, Quote, Trade, encode_depth, encode_quotes, encode_trades

AAPL, LARGEST_ID = 3, 2**32 - 1
PRICE, SIZE = 187_25 * 10**6, 100 * 10**8


class Batch(NamedTuple):
    """Rows of one kind, their payload, and the number that the envelope gives it."""

    name: str
    kind: Kind
    rows: list[Quote] | list[Trade] | list[Depth]
    payload: bytes
    epoch: int = 12
    seq: int = 88_001


def batches() -> list[Batch]:
    """Each kind: usual rows, special rows, the largest numbers, no rows."""
    made = []
    for name, quotes in _quotes().items():
        made.append(Batch(f"quotes-{name}", Kind.QUOTES, quotes, encode_quotes(quotes)))
    for name, trades in _trades().items():
        made.append(Batch(f"trades-{name}", Kind.TRADES, trades, encode_trades(trades)))
    for name, changes in _depth().items():
        made.append(Batch(f"depth-{name}", Kind.DEPTH, changes, encode_depth(changes)))
    return made


def _quotes() -> dict[str, list[Quote]]:
    two_sided = Quote(AAPL, NOON_US, PRICE - 10**6, SIZE, PRICE + 10**6, 2 * SIZE, PRICE, SIZE, 520 * SIZE)
    return {
        "two": [two_sided, two_sided._replace(instrument_id=4, ts_us=NOON_US + 7)],
        "one-sided": [Quote(AAPL, NOON_US, PRICE, SIZE, 0, 0, 0, 0, 0)],
        "largest-numbers": [Quote(LARGEST_ID, *[INT64_MAX] * 8)],
        "none": [],
    }


def _trades() -> dict[str, list[Trade]]:
    return {
        "each-aggressor": [Trade(AAPL, aggressor, 500 + aggressor, NOON_US, PRICE, SIZE) for aggressor in (0, 1, 2)],
        "largest-numbers": [Trade(LARGEST_ID, 2, *[INT64_MAX] * 4)],
        "none": [],
    }


def _depth() -> dict[str, list[Depth]]:
    bid, gone = Depth(AAPL, 1, False, NOON_US, PRICE, SIZE), Depth(AAPL, 2, True, NOON_US, PRICE + 10**6, 0)
    return {
        "one-event": [bid, gone],
        "cleared": [Depth(AAPL, 0, False, NOON_US, 0, 0), bid._replace(last=True)],
        "largest-numbers": [Depth(LARGEST_ID, 2, True, *[INT64_MAX] * 3)],
        "none": [],
    }
