"""When does a row leave the outbox?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from notifications.models import OutboxTask
from tradingmw.batches import delete_in_batches

#: A key is known this long after it was done. Parked rows stay until a person has dealt with them.
DONE_KEPT: Final = timedelta(days=7)


def done_delete() -> int:
    """Delete what was done long enough ago; how many rows went."""
    return delete_in_batches(OutboxTask.objects.filter(done_at__lt=timezone.now() - DONE_KEPT))
