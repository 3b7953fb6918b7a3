"""Which instruments does this engine trade, and in which integers does it count their prices and quantities?

liquibook counts in unsigned 64-bit integers (tried: 2⁶⁴−1 survives a fill), so a price is a number of ticks and a
quantity a number of lots, both exact for anything from a share at a cent to a coin at 10⁻⁸.
"""

from __future__ import annotations

from typing import NamedTuple

from bridge.wire.messages import Instrument

CENT_E8 = 1_000_000
ONE_E8 = 100_000_000
DEFAULT_SHARD = "0"


class Listing(NamedTuple):
    """One instrument of this run; `instrument_id` counts from 1 in the order of the list."""

    instrument_id: int
    symbol: str
    exchange: str
    description: str = ""
    currency: str = "USD"
    tick_e8: int = CENT_E8
    lot_e8: int = ONE_E8
    previous_close_e8: int = 0  #: 0 = unknown
    shard: str = DEFAULT_SHARD

    def instrument(self) -> Instrument:
        """The row of the instrument table."""
        return Instrument(**self._asdict())
