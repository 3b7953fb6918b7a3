"""Does the worker work? Judged by what it did, not by whether its process lives. A part of `/readyz`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from notifications.models import TimedRun
from notifications.tasks import CANARY

STALE_AFTER: Final = timedelta(seconds=90)  #: three of its runs


def worker_check() -> str | None:
    """None while the canary ran lately."""
    ran_at = TimedRun.objects.filter(task=CANARY).values_list("ran_at", flat=True).first()
    if ran_at is None:
        return "no worker has run the canary yet"
    age = timezone.now() - ran_at
    return f"the worker last ran the canary {age.total_seconds():.0f} s ago" if age > STALE_AFTER else None


def canary_forget() -> None:
    """At a start of the whole system: an earlier run proves nothing about this one."""
    TimedRun.objects.filter(task=CANARY).delete()
