"""Is a database error the request's fault, a bug, or is the database away? Away: the caller may come back.

mssql-django hands the end of a deadlock's victim on as the bare `django.db.Error`: it is one of these, too.
"""

from __future__ import annotations

from django.db import DataError, Error, IntegrityError, NotSupportedError, ProgrammingError

from tradingmw.errors import Code, Unavailable

OURS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def is_away(error: BaseException) -> bool:
    return isinstance(error, Error) and not isinstance(error, OURS)


def database_away() -> Unavailable:
    """What the caller is told; the error itself is for the log."""
    return Unavailable("The database cannot be used now.", code=Code.DATABASE_UNAVAILABLE)
