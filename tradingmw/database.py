"""Is a database error the request's fault, a bug, or is the database away? And what need not wait for it?

Away: the caller may come back.
mssql-django hands the end of a deadlock's victim on as the bare `django.db.Error`: it is one of these, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError, Error, IntegrityError, NotSupportedError, ProgrammingError, connection

from tradingmw.errors import Code, Unavailable

OURS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
SHORT_MS = 100  #: many times what any transaction of ours takes


def is_away(error: BaseException) -> bool:
    return isinstance(error, Error) and not isinstance(error, OURS)


def database_away() -> Unavailable:
    """What the caller is told; the error itself is for the log."""
    return Unavailable("The database cannot be used now.", code=Code.DATABASE_UNAVAILABLE)


@contextmanager
def without_waiting() -> Iterator[None]:
    """For what may as well be left undone: on SQLite it does not wait while another writes for long.

    Anywhere else as ever: there two writers meet only in one row.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        ((waited_ms,),) = cursor.execute("PRAGMA busy_timeout").fetchall()
        cursor.execute(f"PRAGMA busy_timeout = {SHORT_MS}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {waited_ms}")
