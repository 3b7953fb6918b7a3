"""What does one delivered message lead to? At most one run of the body, and at most one effect.

The message names a row and the number of the attempt. Beginning an attempt is a compare-and-set on that number, so of
any copies of a message one begins and the others find nothing to do; completing it is another, in the transaction of
the effect itself.
"""

from __future__ import annotations

import json
import logging
import random
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.models.outbox import ERROR_LENGTH
from notifications.outbox.registry import task_named
from notifications.outbox.watching import Watch

logger = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS: Final = 300.0
#: Between the end of a body's time and the moment another worker may begin: enough to commit, or to die.
MARGIN_SECONDS: Final = 5.0


class Outcome(StrEnum):
    DONE = "done"
    #: another copy of the message, or another worker, was first
    NOTHING_TO_DO = "nothing to do"
    PUT_OFF = "put off"
    PARKED = "parked"


class Superseded(Exception):
    """This attempt took longer than its lease, and the row has gone on without it."""


class WorkersDied(Exception):
    """The last attempt that was allowed began and never ended."""


def run_task(row_id: UUID, attempt: int, watch: Watch) -> Outcome:
    """Run attempt number `attempt` (1, 2, …) of this row, unless it was begun before; `watch` sees how long."""
    row = _open().filter(id=row_id, attempts=attempt - 1).first()
    if row is None or not _begun(row, attempt):
        return Outcome.NOTHING_TO_DO
    try:
        with watch.over(row.task, task_named(row.task).limit_seconds):
            _effect(row, attempt)
    except Exception as error:
        logger.warning("A task failed", extra=_facts(row, attempt), exc_info=True)
        return _put_off(row, attempt, error)
    return Outcome.DONE


def _open() -> QuerySet[OutboxTask]:
    return OutboxTask.objects.filter(done_at__isnull=True, parked_at__isnull=True)


def _begun(row: OutboxTask, attempt: int) -> bool:
    """Commit that this attempt has begun: one that takes its worker down is counted, too."""
    now = timezone.now()
    lease = timedelta(seconds=task_named(row.task).limit_seconds + MARGIN_SECONDS)
    mine = _open().filter(id=row.id, attempts=attempt - 1)
    return bool(mine.update(attempts=F("attempts") + 1, taken_at=now, taken_by="", not_before=now + lease))


def _effect(row: OutboxTask, attempt: int) -> None:
    task, payload = task_named(row.task), json.loads(row.payload)
    if attempt > task.attempts_max:
        raise WorkersDied(f"attempt {attempt - 1} took its worker down")
    if task.outside_transaction:
        task.body(row.key, payload)
        return _complete(row, attempt)
    with transaction.atomic():
        _complete(row, attempt)
        task.body(row.key, payload)
    return None


def _complete(row: OutboxTask, attempt: int) -> None:
    mine = _open().filter(id=row.id, attempts=attempt)
    if not mine.update(done_at=timezone.now(), last_error=""):
        raise Superseded(f"attempt {attempt} lost its row")


def _put_off(row: OutboxTask, attempt: int, error: Exception) -> Outcome:
    """Where the effect is committed after all, or another attempt is on its way, this changes nothing."""
    task, now = task_named(row.task), timezone.now()
    mine = _open().filter(id=row.id, attempts=attempt)
    said = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
    if attempt < task.attempts_max:
        mine.update(not_before=_retry_at(now, task.first_retry_seconds, attempt), last_error=said)
        return Outcome.PUT_OFF
    if mine.update(parked_at=now, last_error=said):
        logger.error("ALARM: a task was given up and waits for a person", extra=_facts(row, attempt))
    return Outcome.PARKED


def _retry_at(now: datetime, first_seconds: float, attempt: int) -> datetime:
    seconds = min(first_seconds * 2 ** min(attempt - 1, 30), LONGEST_RETRY_SECONDS)
    return now + timedelta(seconds=seconds * random.SystemRandom().uniform(1.0, 1.2))


def _facts(row: OutboxTask, attempt: int) -> dict[str, object]:
    return {"task": row.task, "key": row.key, "attempt": attempt}
