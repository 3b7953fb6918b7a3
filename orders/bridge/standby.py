"""When may this order bridge become the one that writes?

At once where nobody holds the lease: it was given back, or the bridge at the address that it names is gone. Else when
its holder has done nothing for three seconds by this process's own clock; the clocks of two hosts are never compared.
Being wrong about that costs a pause and nothing else: whoever takes the lease has a greater fence, and what the earlier
holder still writes or sends is refused by the database and by the engine.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable

from django.db import connection
from django.db.utils import Error

from orders.bridge.requests_door import RequestsDoor
from orders.ledger import DatabaseAway, Fenced, LeaseHeld, Ledger
from orders.ledger.lease import LeaseView, look_at_lease

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
DOUBT_SECONDS = 1.5  #: a holder renews each second: one that is late may be gone
EXPIRED_SECONDS = 3.0
PROBE_SECONDS = 0.5
ANY_PORT = 0


def listens(address: str) -> bool:
    """False where surely nobody does: an address of this machine that refuses. Of others nothing is known."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    if not is_of_this_machine(host):
        return True
    try:
        socket.create_connection((host, int(port)), PROBE_SECONDS).close()
    except OSError as error:
        return not isinstance(error, ConnectionRefusedError)
    return True


def is_of_this_machine(host: str) -> bool:
    try:
        with socket.socket() as own:
            own.bind((host, ANY_PORT))
    except OSError:
        return False
    return True


class LeaseWatch:
    """Judges from look to look whether the lease's holder lives. `own_address` is bound by this process."""

    def __init__(
        self,
        own_address: str,
        *,
        look: Callable[[], LeaseView] = look_at_lease,
        listens: Callable[[str], bool] = listens,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seen: LeaseView | None = None
        self.holder_lives = False  #: it has done something since the first look
        self._own_address = own_address
        self._look, self._listens, self._monotonic = look, listens, monotonic
        self._unchanged_since = 0.0

    def vacant(self) -> LeaseView | None:
        """The lease as it is now where nobody lives who holds it."""
        view, first = self._look(), self.seen is None
        if view != self.seen:
            self.holder_lives = not first
            self.seen, self._unchanged_since = view, self._monotonic()
        unchanged_seconds = self._monotonic() - self._unchanged_since
        doubtful = first or unchanged_seconds >= DOUBT_SECONDS
        expired = unchanged_seconds >= EXPIRED_SECONDS
        return view if expired or self._is_free(view) or (doubtful and not self._listens(view.holder_address)) else None

    def forget(self) -> None:
        """The database was away, for the holder too perhaps: what was seen before proves nothing."""
        self.seen, self.holder_lives = None, False

    def _is_free(self, view: LeaseView) -> bool:
        """Given back, or an earlier life's of this bridge: two cannot be bound to one address."""
        return view.holder_address in ("", self._own_address)


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
