"""Is a worker that does nothing noticed, though its process lives?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import OutboxTask, TimedRun
from notifications.outbox.running import run_task
from notifications.outbox.watching import Watch
from notifications.schedule.canary import STALE_AFTER, canary_forget, worker_check
from notifications.tasks import CANARY, CLEAN_UP
from tests.notifications.outbox.effects import owe

pytestmark = pytest.mark.django_db


def run(task: str) -> None:
    owe(task, "2026-03-02T12:00:00+00:00")
    run_task(OutboxTask.objects.get().id, 1, Watch())


def test_before_the_first_run_nothing_is_proven() -> None:
    assert worker_check() == "no worker has run the canary yet"


def test_a_worker_that_ran_the_canary_works() -> None:
    run(CANARY)
    assert worker_check() is None
    assert TimedRun.objects.get().slot == "2026-03-02T12:00:00+00:00"


def test_a_worker_that_has_not_run_it_for_two_minutes_does_not() -> None:
    run(CANARY)
    TimedRun.objects.update(ran_at=timezone.now() - STALE_AFTER - timedelta(seconds=10))
    assert worker_check() == "the worker last ran the canary 100 s ago"


def test_the_clean_up_proves_nothing_of_the_canary() -> None:
    run(CLEAN_UP)
    assert TimedRun.objects.get().task == CLEAN_UP
    assert worker_check() is not None


def test_after_a_new_start_it_must_prove_itself_again() -> None:
    run(CANARY)
    canary_forget()
    assert worker_check() is not None
