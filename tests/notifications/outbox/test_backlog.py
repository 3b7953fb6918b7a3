"""Do the outbox's figures say how far behind it is, and what it gave up?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox.backlog import oldest_due_seconds, parked_tasks
from tests.notifications.outbox.effects import EFFECT, owe

pytestmark = pytest.mark.django_db


def put_off(key: str, seconds: float, **changes: object) -> None:
    """The row becomes due so many seconds from now."""
    OutboxTask.objects.filter(key=key).update(not_before=timezone.now() + timedelta(seconds=seconds), **changes)


def test_an_empty_outbox_is_not_behind() -> None:
    assert (oldest_due_seconds(), parked_tasks()) == (0, 0)


def test_the_row_that_has_been_due_longest_counts() -> None:
    for key, seconds in (("late", -90), ("later", -30), ("early", 60)):
        owe(EFFECT, key)
        put_off(key, seconds)
    assert 90 <= oldest_due_seconds() < 120


def test_done_and_parked_rows_are_not_due_and_only_the_latter_wait_for_a_person() -> None:
    for key in ("done", "parked"):
        owe(EFFECT, key)
    put_off("done", -90, done_at=timezone.now())
    put_off("parked", -90, parked_at=timezone.now())
    assert (oldest_due_seconds(), parked_tasks()) == (0, 1)
