"""How do the many statements of one transaction reach the driver without Django's ceremony around each?

Django's cursor asks five questions before every statement and prepares for its failure; where twelve statements make
an order, that takes longer than the statements. The backend's own cursor, of the same methods, is under it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper as Cursor


@contextmanager
def driver_cursor() -> Iterator[Cursor]:
    """To be used in one transaction, and by one block: what fails in it fails as Django's errors when it is left.

    Within the block errors are the driver's. Whoever watches statements (`execute_wrapper`, captured queries) sees
    these too.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]  # once: who asks for it asks which thread he is
    if database.connection is None or database.execute_wrappers or database.queries_logged:
        with database.cursor() as watched:
            yield watched
        return
    with database.wrap_database_errors:
        cursor = database.create_cursor()
        try:
            yield cursor
            database.validate_no_broken_transaction()
        finally:
            with suppress(database.Database.Error):  # as Django does: it is not what failed
                cursor.close()
