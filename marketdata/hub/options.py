"""In which ways may a subscription be other than plain?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from marketdata.items import CHOOSABLE, Channel

LOWEST_RATE, HIGHEST_RATE = 0.1, 100.0


class Options(NamedTuple):
    """`depth`: best levels of a book, None for all. `max_rate`: items a second of each symbol, None for every update.

    `delta`: a quote's changed fields only. `fields`: the chosen ones of a quote (see `in_order`), None for all.
    """

    depth: int | None = None
    max_rate: float | None = None
    delta: bool = False
    fields: tuple[str, ...] | None = None

    @property
    def part(self) -> tuple[object, ...]:
        """Which part of a symbol is seen; another part begins with a snapshot."""
        return self.depth, self.fields

    def on(self, channel: Channel) -> Options:
        """Those that mean something there: trades are never merged, books and trades are changes by nature."""
        return Options(
            self.depth if channel is Channel.BOOK else None,
            None if channel is Channel.TRADES else self.max_rate,
            self.delta and channel is Channel.QUOTES,
            self.fields if channel is Channel.QUOTES else None,
        )


def in_order(fields: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order of a quote: whoever chooses the same is sent the same bytes. Others are left out."""
    chosen = set(fields)
    return tuple(name for name in CHOOSABLE if name in chosen)


PLAIN = Options()
