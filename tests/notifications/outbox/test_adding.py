"""What does a transaction leave in the outbox?"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox import outbox_add
from notifications.stream import NoTransaction
from tests.notifications.outbox.effects import owe

pytestmark = pytest.mark.django_db


class Regret(Exception):
    """The transaction is rolled back."""


def test_a_promise_is_there_once_its_transaction_is() -> None:
    owe("tests.effect", "a", symbol="AAPL")
    row = OutboxTask.objects.get()
    assert (row.task, row.key, json.loads(row.payload)) == ("tests.effect", "a", {"symbol": "AAPL"})
    assert (row.attempts, row.done_at, row.parked_at) == (0, None, None)


def test_a_promise_goes_with_its_transaction() -> None:
    with pytest.raises(Regret), transaction.atomic():
        outbox_add(task="tests.effect", key="a", payload={})
        raise Regret
    assert not OutboxTask.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_promise_outside_a_transaction_is_refused() -> None:
    with pytest.raises(NoTransaction):
        outbox_add(task="tests.effect", key="a", payload={})


def test_a_key_is_kept_once_per_task_and_the_first_payload_stays() -> None:
    for number in range(3):
        owe("tests.effect", "a", number=number)
    owe("tests.outside", "a")
    assert [json.loads(row.payload) for row in OutboxTask.objects.filter(task="tests.effect")] == [{"number": 0}]
    assert OutboxTask.objects.count() == 2


def test_a_known_key_does_not_take_the_rest_of_the_transaction_with_it() -> None:
    owe("tests.effect", "a")
    with transaction.atomic():
        outbox_add(task="tests.effect", key="a", payload={})
        outbox_add(task="tests.effect", key="b", payload={})
    assert OutboxTask.objects.count() == 2


def test_keys_that_differ_only_in_case_are_two() -> None:
    owe("tests.effect", "order-a")
    owe("tests.effect", "order-A")
    assert OutboxTask.objects.count() == 2


def test_a_promise_may_be_for_later() -> None:
    later = timezone.now() + timedelta(hours=1)
    with transaction.atomic():
        outbox_add(task="tests.effect", key="a", payload={}, not_before=later)
    assert OutboxTask.objects.get().not_before == later


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"task": ""}, ValueError),
        ({"task": "x" * 61}, ValueError),
        ({"key": ""}, ValueError),
        ({"key": "x" * 201}, ValueError),
        ({"payload": {"text": "x" * 65_536}}, ValueError),
        ({"payload": {"price": float("nan")}}, ValueError),
        ({"payload": {"price": Decimal(1)}}, TypeError),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error), transaction.atomic():
        outbox_add(**{"task": "tests.effect", "key": "a", "payload": {}, **wrong})
    assert not OutboxTask.objects.exists()
