"""Which real daily bars does the demo market walk through?

`data/daily_bars.csv` holds, for each symbol, the last 250 daily bars up to 2013-03-01 (FB: all 195 since its listing)
after one more, whose close is the previous close. `data/ORIGIN.md` says where they are from.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tradingmw.scaled import to_e8

FILE = Path(__file__).parent / "data" / "daily_bars.csv"


class DailyBar(NamedTuple):
    """One trading day; prices in 10⁻⁸."""

    open_e8: int
    high_e8: int
    low_e8: int
    close_e8: int


@cache
def daily_bars() -> dict[str, tuple[DailyBar, ...]]:
    """The bars of each symbol, oldest first; the first is there for its close only."""
    bars: dict[str, list[DailyBar]] = {}
    with FILE.open(encoding="ascii", newline="") as file:
        for symbol, _date, *prices in csv.reader(file):
            bars.setdefault(symbol, []).append(DailyBar(*map(to_e8, prices)))
    return {symbol: tuple(rows) for symbol, rows in bars.items()}
