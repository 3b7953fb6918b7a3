"""Are many rows deleted in small transactions, and never more than was asked for?"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import StreamCounter
from tradingmw.batches import BATCH_ROWS, delete_in_batches

pytestmark = pytest.mark.django_db


def fill(count: int) -> None:
    StreamCounter.objects.bulk_create(StreamCounter(stream=f"user:{n}") for n in range(count))


def test_everything_goes_in_batches() -> None:
    fill(2 * BATCH_ROWS + 1)
    with CaptureQueriesContext(connection) as queries:
        assert delete_in_batches(StreamCounter.objects.all()) == 2 * BATCH_ROWS + 1
    assert sum(query["sql"].startswith("DELETE") for query in queries.captured_queries) >= 3
    assert not StreamCounter.objects.exists()


def test_what_is_left_after_the_last_batch_stays_for_the_next_run() -> None:
    fill(BATCH_ROWS + 5)
    assert delete_in_batches(StreamCounter.objects.all(), batches_max=1) == BATCH_ROWS
    assert StreamCounter.objects.count() == 5


def test_rows_that_do_not_match_stay() -> None:
    fill(3)
    assert delete_in_batches(StreamCounter.objects.filter(stream="user:1")) == 1
    assert StreamCounter.objects.count() == 2
