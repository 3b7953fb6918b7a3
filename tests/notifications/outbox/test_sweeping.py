"""Who hands a due row over, and what if the message or the broker is lost?"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox.running import run_task
from notifications.outbox.sweeping import IN_FLIGHT_MAX, TAKE_MAX, Swept, sweep
from notifications.outbox.watching import Watch
from tests.notifications.outbox.effects import owe

pytestmark = pytest.mark.django_db


class Broker:
    """Takes messages until it is `away`."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, int]] = []
        self.away_after: int | None = None

    def take(self, row: OutboxTask) -> None:
        if self.away_after is not None and len(self.messages) >= self.away_after:
            raise ConnectionError("the broker is away")
        self.messages.append((row.key, row.attempts + 1))


def fill(count: int) -> None:
    now = timezone.now()
    OutboxTask.objects.bulk_create(
        OutboxTask(task="tests.effect", key=str(n), key_hash=str(n), payload="{}", created_at=now, not_before=now)
        for n in range(count)
    )


def lose_everything() -> None:
    """The leases end."""
    OutboxTask.objects.update(not_before=timezone.now())


def test_a_due_row_is_handed_over_once() -> None:
    broker = Broker()
    owe("tests.effect", "a")
    assert [sweep(broker.take), sweep(broker.take)] == [Swept(1, 0), Swept(0, 0)]
    assert broker.messages == [("a", 1)]


def test_a_row_for_later_waits() -> None:
    broker = Broker()
    owe("tests.effect", "a")
    OutboxTask.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    assert sweep(broker.take) == Swept()


def test_done_and_parked_rows_are_left_alone() -> None:
    broker = Broker()
    fill(2)
    OutboxTask.objects.filter(key="0").update(done_at=timezone.now())
    OutboxTask.objects.filter(key="1").update(parked_at=timezone.now())
    assert sweep(broker.take) == Swept()


def test_a_message_that_was_lost_is_handed_over_again_and_counted() -> None:
    broker = Broker()
    owe("tests.effect", "a")
    sweep(broker.take)
    lose_everything()
    assert sweep(broker.take) == Swept(handed_over=1, lost=1)
    assert broker.messages == [("a", 1), ("a", 1)]


def test_the_next_attempt_after_a_failure_is_no_lost_message() -> None:
    broker = Broker()
    owe("tests.poison", "a")
    sweep(broker.take)
    run_task(OutboxTask.objects.get().id, 1, Watch())
    lose_everything()
    assert sweep(broker.take) == Swept(handed_over=1, lost=0)
    assert broker.messages == [("a", 1), ("a", 2)]


def test_what_a_broker_refuses_is_given_back_at_once() -> None:
    broker = Broker()
    fill(5)
    broker.away_after = 2
    with pytest.raises(ConnectionError):
        sweep(broker.take)
    broker.away_after = None
    assert sweep(broker.take) == Swept(handed_over=3, lost=0)
    assert sorted(key for key, _ in broker.messages) == ["0", "1", "2", "3", "4"]


def test_no_more_is_in_flight_than_a_slow_broker_moves() -> None:
    broker = Broker()
    fill(IN_FLIGHT_MAX + 50)
    handed_over = [sweep(broker.take).handed_over for _ in range(5)]
    assert handed_over == [TAKE_MAX, TAKE_MAX, TAKE_MAX, 0, 0]
    OutboxTask.objects.filter(taken_by__gt="").update(done_at=timezone.now())
    assert sweep(broker.take).handed_over == 50


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_never_take_the_same_row() -> None:
    fill(TAKE_MAX)
    together, brokers = threading.Barrier(3), [Broker() for _ in range(3)]

    def run(broker: Broker) -> None:
        together.wait(10)
        for _ in range(3):
            sweep(broker.take)
        connections.close_all()

    threads = [threading.Thread(target=run, args=(broker,)) for broker in brokers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    taken = Counter(message for broker in brokers for message in broker.messages)
    assert set(taken.values()) == {1}
    assert len(taken) == TAKE_MAX
