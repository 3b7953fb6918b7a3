"""What is an instrument worth now, as far as the core knows? Handed in before each batch; the core asks nobody."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """The best prices and the last one of an instrument; None where there is none.

    `at_us` is when they were last known to be current, by our clock. A stale one tells what was, not what is.
    """

    bid_e8: int | None = None
    ask_e8: int | None = None
    last_e8: int | None = None
    at_us: int = 0
    is_stale: bool = True

    @property
    def is_crossed(self) -> bool:
        """Bid above or at ask: a market that is not to be trusted."""
        return self.bid_e8 is not None and self.ask_e8 is not None and self.bid_e8 >= self.ask_e8


NO_MARK = Mark()
