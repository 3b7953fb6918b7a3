"""Which order bridge does this web process ask? The one that the lease names: there may be another standing by.

A thread of its own looks four times a second; a request between the end of one holder and the next look is told, as
always, that no bridge can be reached or that its outcome is not known.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import lru_cache

from django.db import Error, connection

from bridge.sockets.throttle import Throttle
from orders.client import order_client
from orders.ledger.lease import LeaseView, look_at_lease

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 0.25
END_SECONDS = 2.0


class HolderWatch:
    """Calls `follow` with the holder's address at each look that finds one. `faults` counts the looks that failed."""

    def __init__(self, follow: Callable[[str], None], look: Callable[[], LeaseView] = look_at_lease) -> None:
        self.faults = 0
        self._follow, self._look = follow, look
        self._throttle = Throttle()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_always, name="order-holder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _look_always(self) -> None:
        while not self._ended.is_set():
            try:
                if address := self._look().holder_address:
                    self._follow(address)
            except Error as error:
                self._survive(error)
            self._ended.wait(LOOK_EVERY_SECONDS)
        connection.close()

    def _survive(self, error: Error) -> None:
        self.faults += 1
        connection.close()
        if self._throttle.due():
            facts = {"why": str(error), "faults": self.faults}
            logger.warning("Which order bridge holds the lease could not be read", extra=facts)


@lru_cache(maxsize=1)
def holder_watch() -> HolderWatch:
    """The watch of this process; it moves the process's client."""
    return HolderWatch(order_client().follow)


async def holder_followed() -> None:
    """From the start of a web process."""
    holder_watch()


async def holder_left() -> None:
    holder_watch().close()
