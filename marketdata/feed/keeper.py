"""How do instruments reach the database without the market waiting for a disk? In a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from django.db import Error, connections

from bridge.wire.messages import Instrument

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


class InstrumentKeeper:
    """Stores the newest table it was given; while the database fails it tries again. `failures` counts."""

    def __init__(self, store: Callable[..., None]) -> None:
        self.failures = 0
        self._store = store
        self._newest: tuple[Sequence[Instrument], int] | None = None
        self._given = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="instrument-keeper", daemon=True)
        self._thread.start()

    def keep(self, table: Sequence[Instrument], epoch: int) -> None:
        """Replaces a table that has not been stored yet."""
        self._newest = (table, epoch)
        self._given.set()

    def close(self) -> None:
        """Ends the thread after the store in progress."""
        self._closing.set()
        self._given.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._given.wait()
            self._given.clear()
            newest = self._newest
            if newest is not None and not self._closing.is_set():
                self._keep(*newest)

    def _keep(self, table: Sequence[Instrument], epoch: int) -> None:
        try:
            self._store(table=table, epoch=epoch)
        except Error:
            self.failures += 1
            logger.exception("Instruments could not be stored", extra={"failures": self.failures})
            self._closing.wait(RETRY_SECONDS)
            self._given.set()
        else:
            logger.info("Instruments stored", extra={"count": len(table), "epoch": epoch})
        finally:
            connections.close_all()
