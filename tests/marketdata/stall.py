"""A loop that does nothing for a while, as one whose process gets no processor."""

from __future__ import annotations

import time


def stand_still(seconds: float) -> None:
    """The calling thread, and with it the loop that runs in it."""
    time.sleep(seconds)
