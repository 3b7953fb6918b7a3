"""What does a database error mean for the batch that met it?

Another writes and its end is waited for; the database took everything back and may be asked again (a deadlock chose us
as its victim); a row cannot be written (halve the batch and find it); or the database is away.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import Any

from django.db import DataError, IntegrityError

SQLITE_PRIMARY = 0xFF  #: the lower byte of an extended result code
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
#: SQL Server: deadlock victim, lock request time-out, snapshot update conflict
SQL_SERVER_VICTIM = ("1205", "1222", "3960")


class Fenced(Exception):
    """Another order bridge holds the lease: this one must not write, send or answer any more."""


class LeaseHeld(Fenced):
    """Another order bridge lives and holds the lease: this one must not begin."""

    def __init__(self, holder_address: str, fence: int) -> None:
        super().__init__(f"The order bridge at {holder_address} holds the lease under fence {fence}.")


class CommitUnknown(Exception):
    """The commit was asked for and its outcome is not known: nothing may be answered before the state is reloaded."""


class DatabaseAway(Exception):
    """The batch could not be written in time; nothing of it was."""


class RowRefused(Exception):
    """Something in the batch cannot be decided or written."""


class Fault(StrEnum):
    BUSY = "busy"
    VICTIM = "victim"
    ROW = "row"
    AWAY = "away"


def fault_of(error: Exception) -> Fault:
    cause = error.__cause__ or error
    if is_busy(cause):
        return Fault.BUSY
    if is_victim(cause):
        return Fault.VICTIM
    if isinstance(error, IntegrityError | DataError):
        return Fault.ROW
    return Fault.AWAY


def is_busy(cause: BaseException) -> bool:
    """SQLite has one writer at a time, and it is another; of our transaction nothing was begun."""
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(code, int) and code & SQLITE_PRIMARY in SQLITE_BUSY


def is_victim(cause: BaseException) -> bool:
    """mssql-django hands a deadlock on as the bare `django.db.Error`; only SQLSTATE and number tell."""
    arguments: tuple[Any, ...] = getattr(cause, "args", ())
    if arguments and arguments[0] == "40001":
        return True
    return any(f"({number})" in str(text) for text in arguments[1:] for number in SQL_SERVER_VICTIM)
