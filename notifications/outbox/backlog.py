"""How far behind is the outbox, and what has it given up? For Prometheus, which asks every few seconds."""

from __future__ import annotations

from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox.sweeping import due_tasks


def oldest_due_seconds() -> float:
    """How long the row has been due that has been longest; 0 where none is. A second is what sweeping takes."""
    now = timezone.now()
    since = due_tasks(now).order_by("not_before").values_list("not_before", flat=True).first()
    return (now - since).total_seconds() if since else 0.0


def parked_tasks() -> int:
    """Rows that were given up and wait for a person."""
    return OutboxTask.objects.filter(done_at__isnull=True, parked_at__isnull=False).count()
