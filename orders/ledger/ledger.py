"""How does a batch become durable, and what happens when that fails?

Look up → decide over the book → one transaction → adopt. A batch that the database refuses is halved until the bad
input fails alone; a busy database is tried again until a deadline; an unknown commit is the caller's to reload.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from django.db import connection, transaction
from django.db.utils import Error

from notifications.stream import user_stream
from orders.core.book import Book, CancelAllReply, Draft, OrderReply
from orders.core.decide import decide
from orders.core.inputs import Asked, Input, Reported
from orders.core.reporting import set_aside
from orders.ledger.faults import CommitUnknown, DatabaseAway, Fault, Fenced, fault_of
from orders.ledger.lease import LeaseView, give_lease_back, hold_lease, take_lease
from orders.ledger.loading import load_book
from orders.ledger.looking_up import look_up
from orders.ledger.writing import Numbers, reached, write
from tradingmw.crash_points import CrashPoint, crash_point
from tradingmw.errors import TradingError
from tradingmw.metrics import COMMIT_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")

BUSY_RETRY_SECONDS = 0.0005
BUSY_DEADLINE_SECONDS = 2.0


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
    """Committed decisions, and the number that each stream has reached which they touch or answer for."""

    draft: Draft
    numbers: Numbers


class Postponed(NamedTuple):
    """The database is away: nothing of these inputs was written."""

    inputs: Sequence[Input]


class RowRefused(Exception):
    """Something in the batch cannot be decided or written."""


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
        connect()
        self.fence = self._patiently(lambda: take_lease(holder_address, seen))
        self.book = self._loaded()

    def reload(self) -> None:
        """Forget everything in memory and read what the database really holds.

        Numbers of questions are not kept there, and are not used again: a late answer would be taken for another's.
        """
        connect()
        used, self.book = self.book.last_command_seq, self._loaded()
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

    def renew(self) -> None:
        """Show that the holder lives; `Fenced` where it is another by now."""
        self._patiently(lambda: hold_lease(self.fence))

    def give_back(self) -> None:
        """Nothing will be written any more: a standby need not wait."""
        self._patiently(lambda: give_lease_back(self.fence))

    # --- one attempt -----------------------------------------------------------------------------------------------
    def _decided(self, batch: Sequence[Input], now_us: int) -> Draft:
        look_up(self.book, batch)
        return decide(self.book, batch, now_us)

    def _commit(self, decided: Callable[[], Draft]) -> Settled:
        return self._patiently(lambda: self._store(decided()))

    def _store(self, draft: Draft) -> Settled:
        """Everything that can fail comes before the commit; what follows it is memory only."""
        committing, steps = False, REPORTS if draft.cursor != self.book.cursor else ORDERS
        try:
            if draft.writes:
                crash_point(steps.decided)
                with COMMIT_SECONDS.time(), transaction.atomic():
                    hold_lease(self.fence)
                    crash_point(steps.begun)
                    numbers = reached_by(draft, write(draft))
                    crash_point(steps.written)
                    committing = True
                crash_point(steps.committed)
            else:
                numbers = reached_by(draft, {})
        except Exception as error:
            if committing and fault_of(error) is Fault.AWAY:
                raise CommitUnknown("The outcome of a commit is not known.") from error
            raise  # a constraint that is checked at the commit, or a busy database: surely not committed
        draft.adopt()
        return Settled(draft, numbers)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Again and again while the database is busy: it never waits inside SQLite, whose busy handler sleeps long."""
        give_up_at = time.monotonic() + BUSY_DEADLINE_SECONDS
        while True:
            try:
                ensure_connected()
                return attempt()
            except (Fenced, CommitUnknown):
                raise
            except Error as error:
                meet(error, give_up_at)
            except Exception as error:
                logger.exception("A batch could not be decided or written")
                raise RowRefused(str(error)) from error
            time.sleep(BUSY_RETRY_SECONDS)

    # --- an input that fails alone ---------------------------------------------------------------------------------
    def _refused(self, each: Input, now_us: int, why: RowRefused) -> Settled:
        logger.error("An input was refused by the database", extra={"input": type(each).__name__, "why": str(why)})
        return self._commit(lambda: self._set_aside(each, now_us, str(why)))

    def _set_aside(self, each: Input, now_us: int, why: str) -> Draft:
        draft = Draft(self.book, now_us)
        if isinstance(each, Asked):
            draft.refuse(each.ticket, TradingError("The request could not be stored; nothing was written."))
        elif isinstance(each, Reported):
            set_aside(draft, each.report, f"It could not be written: {why}")
        return draft

    def _loaded(self) -> Book:
        return load_book(self.fence, self._command_deadline_us, self._reconcile_every_us)


def connect() -> None:
    """A fresh connection that never sleeps in SQLite's busy handler."""
    connection.close()
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")


def ensure_connected() -> None:
    if connection.connection is None:
        connect()


def meet(error: Error, give_up_at: float) -> None:
    """Return where trying again helps; else raise what the error means."""
    fault = fault_of(error)
    if fault is Fault.ROW:
        raise RowRefused(str(error)) from error
    if fault is Fault.AWAY or time.monotonic() >= give_up_at:
        logger.error("The database is away", extra={"why": str(error), "fault": fault.value})
        connection.close()
        raise DatabaseAway(str(error)) from error


def reached_by(draft: Draft, numbers: Numbers) -> Numbers:
    """`numbers`, and those of the callers who are answered although nothing of theirs changed."""
    users = {reply.user for reply in draft.replies if isinstance(reply, OrderReply | CancelAllReply)}
    missing = {user for user in users if user_stream(user) not in numbers}
    return {**reached(missing), **numbers} if missing else numbers
