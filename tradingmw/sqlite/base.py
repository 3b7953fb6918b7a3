"""Is a connection to SQLite still good after it has failed? Django says so without looking; here it never is.

A disk that was away and came back holds another file than the one that is open. Opening it again costs a millisecond.
"""

from __future__ import annotations

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Closed by the next `close_old_connections` after anything but a row that did not fit."""

    def is_usable(self) -> bool:
        """Asked after a failure only."""
        return False

    def rollback(self) -> None:
        """What failed within a transaction has failed, also once that is taken back."""
        failed = self.errors_occurred
        super().rollback()
        self.errors_occurred = failed
