"""How far behind its sender is the reader of a stream? The clocks of two machines are never asked to agree."""

from __future__ import annotations

import time

UNKNOWN_US = float("inf")


def clock_us() -> int:
    """Microseconds since 1970, by this machine's clock."""
    return time.time_ns() // 1000


class Lag:
    """What messages take to arrive, beyond what the quickest of them took: waiting, not the way."""

    def __init__(self) -> None:
        self._least_us = UNKNOWN_US  #: our clock at the receipt less the sender's at the sending

    def seconds(self, sent_us: int, now_us: int) -> float:
        """How long the message of the sender's time `sent_us` has waited, read at our `now_us`."""
        self._least_us = min(self._least_us, now_us - sent_us)
        return (now_us - sent_us - self._least_us) / 1e6

    def exchanged(self, asked_us: int, made_us: int, heard_us: int) -> None:
        """An answer made at the sender's `made_us` was asked for at our `asked_us` and heard at our `heard_us`.

        So the clocks differ by something between the two; one that was set since is found out by this.
        """
        self._least_us = min(max(self._least_us, asked_us - made_us), heard_us - made_us)

    def forget(self) -> None:
        """The stream begins anew, with nothing waiting in it."""
        self._least_us = UNKNOWN_US
