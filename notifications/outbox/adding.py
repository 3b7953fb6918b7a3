"""How does a task get into the outbox?"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.models.outbox import KEY_LENGTH, TASK_LENGTH
from notifications.stream import NoTransaction

logger = logging.getLogger(__name__)
PAYLOAD_CHARACTERS = 65_536


def outbox_add(*, task: str, key: str, payload: Mapping[str, Any], not_before: datetime | None = None) -> None:
    """Owe the effect of `task` for the business key `key`, from `not_before` on (default: at once).

    Call it inside the transaction that makes the effect due (else NoTransaction). A (task, key) that is known already
    is left as it is. `payload` is JSON; ValueError or TypeError where it, the name or the key cannot be kept.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NoTransaction("outbox_add() was called outside a transaction.")
    now = timezone.now()
    row = OutboxTask(
        task=_fitting("task", task, TASK_LENGTH),
        key_hash=sha256(key.encode()).hexdigest(),
        key=_fitting("key", key, KEY_LENGTH),
        payload=_fitting("payload", json.dumps(payload, allow_nan=False), PAYLOAD_CHARACTERS),
        created_at=now,
        not_before=not_before or now,
    )
    try:
        with transaction.atomic():  # a savepoint: the refused insert must not take the caller's work with it
            row.save(force_insert=True)
    except IntegrityError:
        logger.debug("This task is in the outbox already", extra={"task": task, "key": key})


def _fitting(name: str, text: str, length: int) -> str:
    if not 0 < len(text) <= length:
        raise ValueError(f"The {name} of an outbox task has {len(text)} characters; 1 to {length} are kept.")
    return text
