"""How do the faults of a database server come where there is none? The driver raises them, after doing what it does.

Each file in `<data directory>/misfortunes` is one to come, named `<kind>-<number>`, and holds the beginning of the
statement that it meets: `victim`, a deadlock that takes the transaction back, or `unsaid`, a commit that comes about
and whose answer is lost with the connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tradingmw.env import env
from tradingmw.sqlite import base

VICTIM, UNSAID = "victim", "unsaid"
SQLSTATE = "40001"
WORDS = (
    "[40001] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Transaction (Process ID 61) was deadlocked on lock "
    "resources with another process and has been chosen as the deadlock victim. Rerun the "
    "transaction. (1205) (SQLExecDirectW)"
)


class UnluckyCursor(base.Cursor):
    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        self.wrapper.meet(query)
        return super().execute(query, params)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        self.wrapper.meet(query)
        return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    _unsaid = False

    def create_cursor(self, name: str | None = None) -> UnluckyCursor:
        cursor: UnluckyCursor = self.connection.cursor(factory=UnluckyCursor)
        cursor.wrapper = self
        return cursor

    def meet(self, query: str) -> None:
        """A server has rolled back before the driver speaks; what that raises is no OperationalError of pyodbc's."""
        if met(VICTIM, query):
            self.connection.rollback()
            raise sqlite3.Error(SQLSTATE, WORDS)
        self._unsaid = self._unsaid or met(UNSAID, query)

    def _commit(self) -> None:
        super()._commit()
        if self._unsaid:
            self._unsaid = False
            with self.wrap_database_errors:
                raise sqlite3.OperationalError("Communication link failure")


def met(kind: str, query: str) -> bool:
    for file in (env().data_dir / "misfortunes").glob(f"{kind}-*"):
        with suppress(FileNotFoundError):  # another process met it first
            if query.startswith(file.read_text()):
                file.unlink()
                return True
    return False


def come(data_dir: Path, kind: str, count: int, statement: str) -> None:
    """From now on; each in one step, as it may be met at once."""
    directory, unfinished = data_dir / "misfortunes", data_dir / "misfortune"
    directory.mkdir(exist_ok=True)
    for number in range(count):
        unfinished.write_text(statement)
        unfinished.replace(directory / f"{kind}-{number}")


def end(data_dir: Path) -> int:
    """How many were left."""
    left = list((data_dir / "misfortunes").iterdir())
    for misfortune in left:
        misfortune.unlink()
    return len(left)
