"""Who moves SQLite's write-ahead log into the database's file? A thread beside the core, so that no order waits for it.

SQLite does it within the commit that makes the log long: each few dozen orders one of them would wait for a thousand
pages and two syncs. Where the database is a server there is nothing to do.
"""

from __future__ import annotations

import logging
import threading

from django.db import connection
from django.db.utils import Error

from bridge.sockets.throttle import Throttle

logger = logging.getLogger(__name__)
EVERY_SECONDS = 0.5
LOG_PAGES_MAX = 8_192  #: 32 MiB; from there on writers wait for a moment, so that the log begins anew
WAIT_MS = 20  #: how long it then waits for them, and for readers, before it lets them go first


class Checkpoints:
    """`failed` counts what it survived: without it the log grows, and nothing else happens."""

    def __init__(self, log_pages_max: int = LOG_PAGES_MAX) -> None:
        self.failed = 0
        self._log_pages_max = log_pages_max
        self._throttle = Throttle()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`, on this thread's connection."""
        if connection.vendor != "sqlite":
            return
        while not stop.wait(EVERY_SECONDS):
            try:
                self.look()
            except Error as error:
                self._survived(error)
        connection.close()

    def look(self) -> None:
        """Move what can be moved while others write and read; the log itself begins anew once all of it has been."""
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
            ((_, pages, _),) = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if pages > self._log_pages_max:
                cursor.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def _survived(self, error: Error) -> None:
        self.failed += 1
        connection.close()
        if self._throttle.due():
            logger.warning("The write-ahead log could not be moved", extra={"why": str(error), "failed": self.failed})
