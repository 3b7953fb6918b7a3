"""Tasks whose effects can be counted, for the tests and for the worker processes that they start.

The effect is an event in the private log: two effects are two events, one that was rolled back is none.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from notifications.models import StreamEvent
from notifications.outbox import outbox_add, outbox_task
from notifications.stream import NewEvent, append

EFFECT = "tests.effect"


class Poison(Exception):
    """What a poisonous task raises."""


@outbox_task(EFFECT, limit_seconds=1.0)
def effect(key: str, payload: dict[str, Any]) -> None:
    append([NewEvent(stream_of(key), "tests", "effect_happened", "{}")], at=timezone.now())


@outbox_task("tests.hang-once", limit_seconds=1.0)
def hang_once(key: str, payload: dict[str, Any]) -> None:
    """The first attempt has its effect and then never ends; it says so by making the file `begun`."""
    effect(key, payload)
    begun = Path(payload["begun"])
    if not begun.exists():
        begun.touch()
        threading.Event().wait()


@outbox_task("tests.poison", attempts_max=3, first_retry_seconds=0.01)
def poison(key: str, payload: dict[str, Any]) -> None:
    effect(key, payload)
    raise Poison(f"this never works: {key}")


@outbox_task("tests.outside", outside_transaction=True)
def outside(key: str, payload: dict[str, Any]) -> None:
    """Says by the existence of an event whether it ran inside a transaction."""
    assert not transaction.get_connection().in_atomic_block
    with transaction.atomic():
        effect(key, payload)


def stream_of(key: str) -> str:
    return f"effect:{key}"


def owe(task: str, key: str, **payload: Any) -> None:
    """Put it into the outbox, in a transaction of its own."""
    with transaction.atomic():
        outbox_add(task=task, key=key, payload=payload)


def effects(key: str) -> int:
    return StreamEvent.objects.filter(stream=stream_of(key)).count()
