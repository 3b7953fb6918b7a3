"""How are many rows deleted without holding up whoever else writes?

In small transactions of their own: on SQLite there is one writer, and it should be the order core whenever it wants.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

BATCH_ROWS: Final = 200
BATCHES_MAX: Final = 100  #: what is left after these is the next run's


def delete_in_batches(rows: QuerySet[Any], batches_max: int = BATCHES_MAX) -> int:
    """Delete at most `batches_max` × `BATCH_ROWS` of `rows`; how many objects went, cascades included."""
    deleted = 0
    for _ in range(batches_max):
        keys = list(rows.values_list("pk", flat=True)[:BATCH_ROWS])
        if not keys:
            break
        deleted += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted
