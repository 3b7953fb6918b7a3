"""When may this order bridge become the one that writes?

At once where nobody holds the lease: it was given back, or its holder was a process of this machine that has ended.
Else when its holder has done nothing for three seconds by this process's own clock; the clocks of two hosts are never
compared. Being wrong about that costs a pause and nothing else: whoever takes the lease has a greater fence, and what
the earlier holder still writes or sends is refused by the database and by the engine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import connection
from django.db.utils import Error

from orders.bridge.presence import GONE, Presence
from orders.bridge.requests_door import RequestsDoor
from orders.ledger import DatabaseAway, Fenced, LeaseHeld, Ledger
from orders.ledger.lease import LeaseView, look_at_lease

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
EXPIRED_SECONDS = 3.0


class LeaseWatch:
    """Judges from look to look whether the lease's holder lives. `own_address` is this process's alone."""

    def __init__(
        self,
        own_address: str,
        presence: Presence,
        *,
        look: Callable[[], LeaseView] = look_at_lease,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seen: LeaseView | None = None
        self.holder_lives = False  #: it has done something since the first look
        self._own_address = own_address
        self._presence, self._look, self._monotonic = presence, look, monotonic
        self._unchanged_since = 0.0

    def vacant(self) -> LeaseView | None:
        """The lease as it is now where nobody lives who holds it, or nobody will a moment later."""
        view = self._look()
        if view != self.seen:
            self.holder_lives = self.seen is not None
            self.seen, self._unchanged_since = view, self._monotonic()
        if self._is_free(view):
            return view
        if self._monotonic() - self._unchanged_since < EXPIRED_SECONDS:
            return None
        self._presence.end(view.holder_address)
        return view

    def forget(self) -> None:
        """The database was away, for the holder too perhaps: what was seen before proves nothing."""
        self.seen, self.holder_lives = None, False

    def _is_free(self, view: LeaseView) -> bool:
        """Given back, an earlier life's of this very bridge, or one's that has ended."""
        return view.holder_address in ("", self._own_address) or self._presence.process_at(view.holder_address) == GONE


class Standby:
    """Waits for the lease. One that is `patient` does so while another bridge lives; the others are refused."""

    def __init__(
        self, watch: LeaseWatch, door: RequestsDoor, take: Callable[[LeaseView], Ledger], *, patient: bool
    ) -> None:
        self._watch, self._door, self._take, self._patient = watch, door, take, patient
        self._told = False

    def wait(self, stop: threading.Event) -> Ledger | None:
        """The ledger under this bridge's own lease, None with `stop`; `LeaseHeld` where it must not wait."""
        while not stop.is_set():
            if (ledger := self._attempt()) is not None:
                self._door.standing_by = False
                return ledger
            self._say_so()
            self._door.turn_away(LOOK_SECONDS)
        return None

    def _attempt(self) -> Ledger | None:
        try:
            vacant = self._watch.vacant()
            if vacant is not None:
                return self._take(vacant)
        except Fenced:
            logger.info("Another order bridge was quicker")
        except (Error, DatabaseAway) as error:
            self._survive(error)
        if self._watch.holder_lives and not self._patient and self._watch.seen:
            raise LeaseHeld(self._watch.seen.holder_address, self._watch.seen.fence)
        return None

    def _survive(self, error: Exception) -> None:
        if not self._patient:
            raise error
        logger.warning("A standing-by order bridge cannot read the lease", extra={"why": str(error)})
        connection.close()
        self._watch.forget()

    def _say_so(self) -> None:
        if not self._told and (seen := self._watch.seen):
            self._told = True
            logger.info("This order bridge stands by", extra={"holder": seen.holder_address, "fence": seen.fence})
