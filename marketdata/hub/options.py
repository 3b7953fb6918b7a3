"""In which ways may a subscription be other than plain?"""

from __future__ import annotations

from typing import NamedTuple

from marketdata.items import Channel

LOWEST_RATE, HIGHEST_RATE = 0.1, 100.0


class Options(NamedTuple):
    """`depth`: best levels of a book, None for all. `max_rate`: items a second of each symbol, None for every update.

    `delta`: a quote's changed fields only.
    """

    depth: int | None = None
    max_rate: float | None = None
    delta: bool = False

    def on(self, channel: Channel) -> Options:
        """Those that mean something there: trades are never merged, books and trades are changes by nature."""
        return Options(
            self.depth if channel is Channel.BOOK else None,
            None if channel is Channel.TRADES else self.max_rate,
            self.delta and channel is Channel.QUOTES,
        )


PLAIN = Options()
