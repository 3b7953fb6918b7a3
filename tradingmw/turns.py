"""How much does the loop of the web process take on in one turn? A few of the connections that have something for it.

The system reports all of them at once: where two hundred clients are gone in the same moment, asyncio reads all their
ends, then closes all of them, then wakes all their tasks, and for some thirty milliseconds nobody is sent a quote.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections import deque

READY_PER_TURN = 8  #: each is some 0.1 ms, with what follows from it in the next turns
Ready = tuple[selectors.SelectorKey, int]


class FewAtATime(selectors.DefaultSelector):
    """Tells what is ready in pieces, in its order; the system is asked again once all of it was told.

    What was changed or taken away meanwhile is not told. A socket that is ready still is reported again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._untold: deque[Ready] = deque()

    def select(self, timeout: float | None = None) -> list[Ready]:
        if not self._untold:
            ready = super().select(timeout)
            if len(ready) <= READY_PER_TURN:
                return ready
            self._untold.extend(ready)
        told = [self._untold.popleft() for _ in range(min(READY_PER_TURN, len(self._untold)))]
        known = self.get_map()
        return [(key, events) for key, events in told if known.get(key.fileobj) is key]


def new_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process. Windows' has no selector, and is left as it is."""
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()
    return asyncio.SelectorEventLoop(FewAtATime())
