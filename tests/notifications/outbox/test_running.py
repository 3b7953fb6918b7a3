"""What does a delivered message lead to: one effect, whatever is delivered how often?"""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox.registry import outbox_task, task_named
from notifications.outbox.running import Outcome, run_task
from notifications.outbox.watching import Watch
from tests.notifications.outbox.effects import effects, owe

pytestmark = pytest.mark.django_db


def row_of(key: str) -> OutboxTask:
    return OutboxTask.objects.get(key=key)


def run(key: str, attempt: int) -> Outcome:
    return run_task(row_of(key).id, attempt, Watch())


def test_a_message_delivered_three_times_has_one_effect() -> None:
    owe("tests.effect", "a")
    assert [run("a", 1) for _ in range(3)] == [Outcome.DONE, Outcome.NOTHING_TO_DO, Outcome.NOTHING_TO_DO]
    assert effects("a") == 1
    assert row_of("a").done_at is not None


@pytest.mark.django_db(transaction=True)
def test_copies_delivered_at_the_same_moment_have_one_effect() -> None:
    owe("tests.effect", "a")
    together, outcomes = threading.Barrier(4), list[Outcome]()

    def deliver() -> None:
        together.wait(10)
        outcomes.append(run("a", 1))
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == [Outcome.DONE, *[Outcome.NOTHING_TO_DO] * 3]
    assert effects("a") == 1


def test_a_message_for_no_row_does_nothing() -> None:
    assert run_task(uuid4(), 1, Watch()) is Outcome.NOTHING_TO_DO


def test_a_message_of_an_earlier_or_later_attempt_does_nothing() -> None:
    owe("tests.effect", "a")
    OutboxTask.objects.update(attempts=2)
    assert {run("a", 2), run("a", 4)} == {Outcome.NOTHING_TO_DO}
    assert effects("a") == 0
    assert run("a", 3) is Outcome.DONE


def test_a_body_that_raises_leaves_no_effect_and_is_put_off() -> None:
    owe("tests.poison", "a")
    assert run("a", 1) is Outcome.PUT_OFF
    row = row_of("a")
    assert effects("a") == 0
    assert (row.attempts, row.done_at, row.parked_at) == (1, None, None)
    assert row.last_error == "Poison: this never works: a"


def test_a_poisonous_task_is_parked_with_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    owe("tests.poison", "a")
    outcomes = [run("a", attempt) for attempt in (1, 2, 3, 4)]
    assert outcomes == [Outcome.PUT_OFF, Outcome.PUT_OFF, Outcome.PARKED, Outcome.NOTHING_TO_DO]
    assert row_of("a").parked_at is not None
    assert effects("a") == 0
    assert "ALARM: a task was given up and waits for a person" in caplog.text


def test_each_failure_waits_longer_than_the_one_before() -> None:
    owe("tests.unknown", "a")
    waits = []
    for attempt in range(1, 10):
        assert run("a", attempt) is Outcome.PUT_OFF
        waits.append((row_of("a").not_before - timezone.now()).total_seconds())
    assert waits == sorted(waits)
    assert row_of("a").last_error == "UnknownTask: no task is called tests.unknown here"


def test_a_task_whose_last_attempt_took_its_worker_down_is_parked() -> None:
    owe("tests.poison", "a")
    OutboxTask.objects.update(attempts=3)
    assert run("a", 4) is Outcome.PARKED
    assert row_of("a").last_error.startswith("WorkersDied")


def test_an_attempt_that_outlived_its_lease_has_no_effect() -> None:
    """While the body runs, another worker begins the next attempt: the first one's work is rolled back."""
    owe("tests.overtaken", "a")
    assert run("a", 1) is Outcome.PUT_OFF
    assert row_of("a").done_at is None


@outbox_task("tests.overtaken", outside_transaction=True)
def overtaken(key: str, payload: object) -> None:
    OutboxTask.objects.filter(key=key).update(attempts=2)


@pytest.mark.django_db(transaction=True)
def test_a_body_outside_the_transaction_runs_outside_it() -> None:
    owe("tests.outside", "a")
    assert run("a", 1) is Outcome.DONE
    assert effects("a") == 1


def test_while_it_runs_nobody_else_may_begin() -> None:
    """The lease lasts longer than the body may."""
    owe("tests.poison", "a")
    before = timezone.now()
    OutboxTask.objects.update(not_before=before, taken_by="a sweep")
    run("a", 1)
    assert row_of("a").taken_by == ""
    assert row_of("a").taken_at >= before


def test_two_tasks_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tests\.poison"):
        outbox_task("tests.poison")(task_named("tests.poison").body)


def test_the_watch_sees_what_runs_too_long() -> None:
    clock = [0.0]
    watch = Watch(lambda: clock[0])
    with watch.over("tests.effect", 10.0):
        assert watch.overdue() == []
        clock[0] = 10.5
        assert watch.overdue() == ["tests.effect"]
    assert watch.overdue() == []
    assert watch.idle_seconds() == timedelta(seconds=10.5).total_seconds()
