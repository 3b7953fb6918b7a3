"""What stays in the outbox, and what goes?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox.cleaning import DONE_KEPT, done_delete
from tests.notifications.outbox.effects import owe

pytestmark = pytest.mark.django_db


def test_only_what_was_done_long_ago_goes() -> None:
    old = timezone.now() - DONE_KEPT - timedelta(hours=1)
    for key in ("done long ago", "done lately", "parked long ago", "owed for long"):
        owe("tests.effect", key)
    OutboxTask.objects.update(created_at=old, not_before=old)
    OutboxTask.objects.filter(key="done long ago").update(done_at=old)
    OutboxTask.objects.filter(key="done lately").update(done_at=timezone.now())
    OutboxTask.objects.filter(key="parked long ago").update(parked_at=old)
    assert done_delete() == 1
    assert not OutboxTask.objects.filter(key="done long ago").exists()
    assert OutboxTask.objects.count() == 3
