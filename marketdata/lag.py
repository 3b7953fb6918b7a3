"""How far behind its sender is the reader of a stream? The clocks of two machines are never asked to agree."""

from __future__ import annotations

NEVER_US = float("inf")


class Lag:
    """What messages take to arrive, beyond what the quickest of them took: waiting, not the way.

    `forget` where reading begins anew: then nothing waits, and a clock that was set meanwhile is learned again.
    """

    def __init__(self) -> None:
        self._least_us = NEVER_US

    def seconds(self, sent_us: int, now_us: int) -> float:
        """How long the message of the sender's time `sent_us` has waited, read at our `now_us`."""
        self._least_us = min(self._least_us, now_us - sent_us)
        return (now_us - sent_us - self._least_us) / 1e6

    def forget(self) -> None:
        self._least_us = NEVER_US
