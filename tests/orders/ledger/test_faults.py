"""Is every database error read for what it means, on SQLite and on SQL Server?"""

from __future__ import annotations

import sqlite3

import pytest
from django.db.utils import DataError, Error, IntegrityError, InterfaceError, OperationalError

from orders.ledger.faults import Fault, fault_of


def raised(error: Error, cause: BaseException | None = None) -> Error:
    error.__cause__ = cause
    return error


def locked() -> sqlite3.OperationalError:
    """A real one."""
    holder, other = sqlite3.connect("file:locked?mode=memory&cache=shared", uri=True), None
    try:
        holder.execute("CREATE TABLE t (x)")
        holder.execute("BEGIN IMMEDIATE")
        holder.execute("INSERT INTO t VALUES (1)")
        other = sqlite3.connect("file:locked?mode=memory&cache=shared", uri=True, timeout=0)
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("BEGIN IMMEDIATE")
        return caught.value
    finally:
        holder.close()
        if other is not None:
            other.close()


def test_a_locked_sqlite_is_busy() -> None:
    assert fault_of(raised(OperationalError("database is locked"), locked())) is Fault.BUSY


@pytest.mark.parametrize(
    "cause",
    [
        Exception("40001", "[40001] [Microsoft] Transaction was deadlocked (1205) (SQLExecDirectW)"),
        Exception("HY000", "[HY000] Transaction (Process ID 61) was deadlocked on lock resources (1205)"),
        Exception("HYT00", "Lock request time out period exceeded. (1222)"),
    ],
)
def test_a_deadlock_of_sql_server_is_known_though_it_comes_as_a_bare_error(cause: Exception) -> None:
    assert fault_of(raised(Error(*cause.args), cause)) is Fault.VICTIM


@pytest.mark.parametrize("error", [IntegrityError("UNIQUE constraint failed"), DataError("too long")])
def test_a_row_that_does_not_fit_is_the_rows_fault(error: Error) -> None:
    assert fault_of(raised(error)) is Fault.ROW


@pytest.mark.parametrize("error", [OperationalError("disk I/O error"), InterfaceError("connection closed")])
def test_anything_else_means_that_the_database_is_away(error: Error) -> None:
    assert fault_of(raised(error)) is Fault.AWAY
