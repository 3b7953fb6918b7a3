"""Has more left than the database holds? Counted once a second, by a thread that reads what is really there."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from django.db import Error, connection
from django.db.models import Count, Max

from bridge.sockets.throttle import Throttle
from orders.bridge.last_hop import KINDS
from orders.models import EngineCommand

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS: Final = 1.0
END_SECONDS: Final = 2.0


class SecondEye:
    """Calls `trip` where more new orders and changes of `session` have left (`sent()`) than are journalled.

    Rows are counted once each, as they are added. `counts`: looks, faults. What it has told of once is not told again.
    """

    def __init__(self, session: int, sent: Callable[[], int], trip: Callable[[str], None]) -> None:
        self.counts: Counter[str] = Counter()
        self.journalled = 0
        self._session, self._sent, self._trip = session, sent, trip
        self._newest = self._excess = 0
        self._throttle = Throttle()

    def look(self) -> None:
        """What has left is read first: whatever was journalled for it is there by then."""
        sent = self._sent()
        rows = EngineCommand.objects.filter(session=self._session, seq__gt=self._newest, kind__in=sorted(KINDS))
        found = rows.aggregate(count=Count("id"), newest=Max("seq"))
        self._newest, self.journalled = found["newest"] or self._newest, self.journalled + found["count"]
        self.counts["looks"] += 1
        excess = sent - self.journalled
        if excess > self._excess:
            self._excess = excess
            self._trip(f"{sent} orders have left, {self.journalled} are journalled")

    def run(self, ended: threading.Event) -> None:
        """On a connection of the thread's own that cannot write; a database that is away is asked again."""
        while not ended.wait(LOOK_EVERY_SECONDS):
            try:
                read_only()
                self.look()
            except Error as error:
                self.counts["faults"] += 1
                connection.close()
                if self._throttle.due():
                    facts = {"why": str(error), "faults": self.counts["faults"]}
                    logger.warning("The journal of commands could not be counted", extra=facts)
        connection.close()


def read_only() -> None:
    """A new connection of SQLite's refuses to write; SQL Server is only ever asked."""
    if connection.connection is None and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")


class Watching:
    """The thread of a second eye, for the length of a `with`."""

    def __init__(self, eye: SecondEye) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=eye.run, args=(self._ended,), name="order-second-eye", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)
