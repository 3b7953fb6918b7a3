"""Is a connection to SQLite still good after it has failed? Django says so without looking; here it never is.

A disk that was away and came back holds another file than the one that is open. Opening it again costs a millisecond.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base


@lru_cache(maxsize=500)
def converted(query: str) -> str:
    """With SQLite's marks. Django looks for its own in each statement anew, longer than many a statement takes."""
    return str(base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%"))


class Cursor(base.SQLiteCursorWrapper):
    """Statements whose parameters are a sequence, as nearly all are, go to the driver at once."""

    def execute(self, query: str, params: Any = None) -> Any:
        if isinstance(params, tuple | list):
            return sqlite3.Cursor.execute(self, converted(query), params)
        return super().execute(query, params)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        if isinstance(param_list, list) and not (param_list and isinstance(param_list[0], Mapping)):
            return sqlite3.Cursor.executemany(self, converted(query), param_list)
        return super().executemany(query, param_list)

    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        return converted(query) if param_names is None else super().convert_query(query, param_names=param_names)


class DatabaseWrapper(base.DatabaseWrapper):
    """Closed by the next `close_old_connections` after anything but a row that did not fit."""

    transaction_mode: str | None

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        """Without a cursor of Django's, which takes longer than to begin does; those who watch get theirs."""
        if self.execute_wrappers or self.queries_logged or self.transaction_mode is None:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs do not know it
            return
        with self.wrap_database_errors:
            self.create_cursor().execute(f"BEGIN {self.transaction_mode}")

    def is_usable(self) -> bool:
        """Asked after a failure only."""
        return False

    def rollback(self) -> None:
        """What failed within a transaction has failed, also once that is taken back."""
        failed = self.errors_occurred
        super().rollback()
        self.errors_occurred = failed
