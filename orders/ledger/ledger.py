"""How does a batch become durable, and what happens when that fails?

Look up → decide over the book → one transaction → adopt. A batch that the database refuses is halved until the bad
input fails alone; a busy one is tried again (`patience.py`). Where a commit failed, the lease's counter tells whether
it came about; where nobody can tell, it is the caller's to reload.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from django.db import connection, transaction
from django.db.utils import Error

from notifications.stream import user_stream
from orders.core.book import Book
from orders.core.decide import decide
from orders.core.draft import Draft
from orders.core.halting import halt_unwritten
from orders.core.inputs import Asked, Halt, Input, Reported
from orders.core.outcomes import ToUser
from orders.core.reporting import set_aside
from orders.ledger.columns import Columns
from orders.ledger.faults import CommitUnknown, DatabaseAway, Fault, Fenced, RowRefused, fault_of
from orders.ledger.lease import (
    LeaseView,
    give_lease_back,
    hold_lease,
    lease_after_others,
    look_at_lease,
    renew_lease,
    take_lease,
)
from orders.ledger.loading import load_book, load_held
from orders.ledger.looking_up import look_at_limits, look_up
from orders.ledger.patience import TURN_SECONDS, Patience
from orders.ledger.safeguards import look_up_fates
from orders.ledger.writing import Numbers, Written, reached, write
from tradingmw.crash_points import CrashPoint, crash_point
from tradingmw.cursors import driver_cursor
from tradingmw.errors import TradingError
from tradingmw.metrics import COMMIT_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Steps(NamedTuple):
    """Where a process may be made to die while a batch becomes durable."""

    decided: CrashPoint
    begun: CrashPoint
    written: CrashPoint
    committed: CrashPoint


ORDERS = Steps(
    CrashPoint.ORDERS_DECIDED, CrashPoint.ORDERS_BEGUN, CrashPoint.ORDERS_WRITTEN, CrashPoint.ORDERS_COMMITTED
)
REPORTS = Steps(
    CrashPoint.REPORTS_DECIDED, CrashPoint.REPORTS_BEGUN, CrashPoint.REPORTS_WRITTEN, CrashPoint.REPORTS_COMMITTED
)


class Settled(NamedTuple):
    """Committed decisions, and the number that each stream has reached which they touch or answer for.

    `commands`: the rows of the commands that may leave now, as they were written.
    """

    draft: Draft
    numbers: Numbers
    commands: Sequence[Columns] = ()


class Postponed(NamedTuple):
    """The database is away: nothing of these inputs was written."""

    inputs: Sequence[Input]


class Ledger:
    """The core's only way to the database, on the connection of the thread that uses it.

    Made by taking the lease: from whoever has it, or only as it was `seen` (`LeaseHeld` where it has changed since).
    """

    def __init__(
        self,
        holder_address: str,
        *,
        command_deadline_us: int,
        reconcile_every_us: int = 0,
        seen: LeaseView | None = None,
    ) -> None:
        self._command_deadline_us, self._reconcile_every_us = command_deadline_us, reconcile_every_us
        self._renewed = 0  #: the lease's counter; each of our transactions adds one, and nobody else does
        connect()
        self.fence = self._patiently(lambda: take_lease(holder_address, seen))
        self._renewed = look_at_lease().renewed
        self.book = self._loaded()

    def reload(self) -> None:
        """Forget everything in memory and read what the database really holds; `DatabaseAway` where it cannot be read.

        Numbers of questions are not kept there, and are not used again: a late answer would be taken for another's.
        """
        connection.close()
        used, self.book = self.book.last_command_seq, self._patiently(self._loaded)
        self.book.last_command_seq = max(used, self.book.last_command_seq)

    def settle(self, batch: Sequence[Input], now_us: int) -> Iterator[Settled | Postponed]:
        """Decide and commit; yields each part as soon as it is durable. Raises `Fenced` and `CommitUnknown`."""
        try:
            yield self._commit(lambda: self._decided(batch, now_us))
        except DatabaseAway:
            yield Postponed(batch)
        except RowRefused as error:
            if len(batch) == 1:
                yield self._refused(batch[0], now_us, error)
            else:
                half = len(batch) // 2
                yield from self.settle(batch[:half], now_us)
                yield from self.settle(batch[half:], now_us)

    def renew(self, turn_seconds: float = TURN_SECONDS) -> None:
        """Show that the holder lives; `Fenced` where it is another by now, `DatabaseAway` where nobody can tell."""
        self._patiently(lambda: renew_lease(self.fence), turn_seconds)
        self._renewed += 1
        self._patiently(lambda: look_at_limits(self.book), turn_seconds)

    def give_back(self) -> None:
        """Nothing will be written any more: a standby need not wait. Without a database it waits its three seconds."""
        with suppress(DatabaseAway):
            self._patiently(lambda: give_lease_back(self.fence))

    # --- one attempt -----------------------------------------------------------------------------------------------
    def _decided(self, batch: Sequence[Input], now_us: int) -> Draft:
        look_up(self.book, batch)
        look_up_fates(self.book.safeguards, now_us)
        return decide(self.book, batch, now_us)

    def _commit(self, decided: Callable[[], Draft]) -> Settled:
        return self._patiently(lambda: self._store(decided()))

    def _store(self, draft: Draft) -> Settled:
        """Everything that can fail comes before the commit; what follows it is memory only."""
        written = self._written(draft) if draft.writes else Written(reached_by(draft, {}), ())
        draft.adopt()
        return Settled(draft, *written)

    def _written(self, draft: Draft) -> Written:
        """In one transaction; `CommitUnknown` where nobody can tell whether it is there."""
        steps = REPORTS if draft.cursor != self.book.cursor else ORDERS
        written = Written({}, ())
        committing = False
        crash_point(steps.decided)
        try:
            with COMMIT_SECONDS.time(), transaction.atomic(), driver_cursor() as cursor:
                hold_lease(self.fence, cursor)
                crash_point(steps.begun)
                written = write(draft, cursor)
                written = written._replace(numbers=reached_by(draft, written.numbers))
                crash_point(steps.written)
                committing = True
        except Error as error:
            # A constraint that is checked at the commit, or a busy database: surely not committed.
            if not committing or fault_of(error) is not Fault.AWAY or not self._is_stored(error):
                raise
        self._renewed += 1
        crash_point(steps.committed)
        return written

    def _is_stored(self, error: Error) -> bool:
        """Did the commit come about that ended with `error`? Its transaction would have moved the lease's counter."""
        before = self._renewed
        try:
            connect()
            now = lease_after_others()
        except Error:
            connection.close()
            raise CommitUnknown("The outcome of a commit is not known.") from error
        logger.error("A commit failed", extra={"why": str(error), "stored": now.renewed != before})
        if now.fence != self.fence:
            raise Fenced(f"The lease is no longer held under fence {self.fence}.") from error
        return now.renewed != before

    def _patiently(self, attempt: Callable[[], T], turn_seconds: float = TURN_SECONDS) -> T:
        """Again while that helps; `DatabaseAway` or `RowRefused` when it does not."""
        patience = Patience(turn_seconds)
        while True:
            try:
                self._ensure_connected()
                return attempt()
            except (Fenced, CommitUnknown):
                raise
            except Error as error:
                patience.meet(error)
            except Exception as error:
                logger.exception("A batch could not be decided or written")
                raise RowRefused(str(error)) from error

    def _ensure_connected(self) -> None:
        """After a fault on a new connection: what the last one did may not be known, the lease's counter is."""
        if connection.connection is None:
            connect()
            self._renewed = look_at_lease().renewed

    # --- an input that fails alone ---------------------------------------------------------------------------------
    def _refused(self, each: Input, now_us: int, why: RowRefused) -> Settled:
        logger.error("An input was refused by the database", extra={"input": type(each).__name__, "why": str(why)})
        return self._commit(lambda: self._set_aside(each, now_us, str(why)))

    def _set_aside(self, each: Input, now_us: int, why: str) -> Draft:
        draft = Draft(self.book, now_us)
        if isinstance(each, Asked):
            draft.refuse(each.ticket, TradingError("The request could not be stored; nothing was written."))
        elif isinstance(each, Halt):
            halt_unwritten(draft, each.wanted, why)
        elif isinstance(each, Reported):
            set_aside(draft, each.report, f"It could not be written: {why}")
        return draft

    def _loaded(self) -> Book:
        self.held = load_held()
        return load_book(self.fence, self._command_deadline_us, self._reconcile_every_us)


def connect() -> None:
    """A fresh connection that never sleeps in SQLite's busy handler, and leaves its log to `checkpoints.py`."""
    connection.close()
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.execute("PRAGMA wal_autocheckpoint = 0")


def reached_by(draft: Draft, numbers: Numbers) -> Numbers:
    """`numbers`, and those of the callers who are answered although nothing of theirs changed."""
    users = {reply.user for reply in draft.replies if isinstance(reply, ToUser)}
    missing = {user for user in users if user_stream(user) not in numbers}
    return {**reached(missing), **numbers} if missing else numbers
