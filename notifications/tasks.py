"""Which tasks does every worker know? The canary, the clean-up of what has had its day, and what follows an alert."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.utils import timezone

from accounts.clean_up import expired_delete
from notifications.alerts import delivery
from notifications.models import TimedRun
from notifications.outbox import outbox_task
from notifications.outbox.cleaning import done_delete

__all__ = ["canary", "clean_up", "delivery"]

logger = logging.getLogger(__name__)
CANARY: Final = "canary"
CLEAN_UP: Final = "clean-up"
CLEAN_UP_SECONDS: Final = 120.0


@outbox_task(CANARY, attempts_max=3)
def canary(key: str, payload: dict[str, Any]) -> None:
    """Beat, outbox, broker and worker all work: that is what its row says."""
    note_run(CANARY, key)


@outbox_task(CLEAN_UP, outside_transaction=True, limit_seconds=CLEAN_UP_SECONDS)
def clean_up(key: str, payload: dict[str, Any]) -> None:
    """Expired sessions and tickets, and what the outbox has done. Deleting twice is harmless."""
    deleted = {"accounts": expired_delete(), "outbox": done_delete()}
    note_run(CLEAN_UP, key)
    logger.info("Cleaned up", extra={"deleted_rows": deleted})


def note_run(task: str, slot: str) -> None:
    TimedRun.objects.update_or_create(task=task, defaults={"slot": slot, "ran_at": timezone.now()})
