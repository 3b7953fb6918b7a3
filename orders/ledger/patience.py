"""How long is a transaction tried again that the database refused?

While another writes on SQLite: until its turn comes, for two seconds at most; SQLite's own busy handler sleeps longer
than a whole batch takes. As the victim of a deadlock: three times in all. Anything else helps nobody.
"""

from __future__ import annotations

import logging
import time

from django.db import connection
from django.db.utils import Error

from orders.ledger.faults import DatabaseAway, Fault, RowRefused, fault_of

logger = logging.getLogger(__name__)

TURN_SECONDS = 2.0
TURN_PAUSE_SECONDS = 0.0005
TRIES = 3
VICTIM_PAUSE_SECONDS = 0.01


class Patience:
    """Of one transaction, over its attempts."""

    def __init__(self, turn_seconds: float = TURN_SECONDS) -> None:
        self._give_up_at = time.monotonic() + turn_seconds
        self._tries = 0

    def meet(self, error: Error) -> None:
        """Return, after a pause, where trying again helps; else raise what the error means."""
        fault = fault_of(error)
        self._tries += fault is Fault.VICTIM
        if fault is Fault.ROW:
            raise RowRefused(str(error)) from error
        if fault is Fault.BUSY and time.monotonic() < self._give_up_at:
            time.sleep(TURN_PAUSE_SECONDS)
        elif fault is Fault.VICTIM and self._tries < TRIES:
            time.sleep(VICTIM_PAUSE_SECONDS)
        else:
            give_up(error, fault)


def give_up(error: Error, fault: Fault) -> None:
    """What failed is opened anew: the file or the server behind the connection may be another by then."""
    logger.error("The database is away", extra={"why": str(error), "fault": fault.value})
    connection.close()
    raise DatabaseAway(str(error)) from error
