"""What does a book look like by a snapshot and the changes after it?"""

from __future__ import annotations

from bridge.wire.market import Depth
from bridge.wire.messages import InstrumentSnapshot

BID, ASK = 1, 2
NAMES = {BID: "bids", ASK: "asks"}


class Book:
    """Sizes by price, a side each."""

    def __init__(self, snapshot: InstrumentSnapshot) -> None:
        self._sides = sides(snapshot)

    def apply(self, row: Depth) -> None:
        if not row.side:
            self._sides = {BID: {}, ASK: {}}
        elif row.size_e8:
            self._sides[row.side][row.price_e8] = row.size_e8
        else:
            self._sides[row.side].pop(row.price_e8, None)

    def difference(self, snapshot: InstrumentSnapshot) -> str:
        """The first level that the snapshot has otherwise, in words; empty where there is none."""
        for side, levels in sides(snapshot).items():
            kept = self._sides[side]
            for price in sorted(kept.keys() | levels.keys()):
                if kept.get(price) != levels.get(price):
                    was, said = kept.get(price, 0), levels.get(price, 0)
                    return f"{NAMES[side]} at {price} are {was} by the depth and {said} in the snapshot"
        return ""


def sides(snapshot: InstrumentSnapshot) -> dict[int, dict[int, int]]:
    return {BID: dict(snapshot.bids), ASK: dict(snapshot.asks)}
