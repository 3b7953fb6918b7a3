"""Is a connection to SQLite still good after it has failed? Django says so without looking; here it never is.

A disk that was away and came back holds another file than the one that is open. Opening it again costs a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.backends.sqlite3 import base


class Cursor(base.SQLiteCursorWrapper):
    """Leaves a statement as it is that has the driver's own marks already (`tradingmw.statements`)."""

    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        return super().convert_query(query, param_names=param_names) if "%" in query else query


class DatabaseWrapper(base.DatabaseWrapper):
    """Closed by the next `close_old_connections` after anything but a row that did not fit."""

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def is_usable(self) -> bool:
        """Asked after a failure only."""
        return False

    def rollback(self) -> None:
        """What failed within a transaction has failed, also once that is taken back."""
        failed = self.errors_occurred
        super().rollback()
        self.errors_occurred = failed
