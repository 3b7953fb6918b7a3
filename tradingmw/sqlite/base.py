"""Is a connection to SQLite still good after it has failed? Django says so without looking; here it never is.

A disk that was away and came back holds another file than the one that is open. Opening it again costs a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base


@lru_cache(maxsize=500)
def converted(query: str) -> str:
    """With SQLite's marks. Django looks for its own in each statement anew, longer than many a statement takes."""
    return str(base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%"))


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        return converted(query) if param_names is None else super().convert_query(query, param_names=param_names)


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
