"""Do statements that go to the driver at once fail, and show themselves, as those that go through Django?"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from notifications.models import StreamCounter
from tradingmw.cursors import driver_cursor
from tradingmw.statements import Insert

pytestmark = pytest.mark.django_db(transaction=True)
insert = Insert(StreamCounter)
ROWS = [{"stream": "user:1", "number": 1}, {"stream": "user:2", "number": 2}]


def test_what_is_written_is_there_once_it_is_committed() -> None:
    with transaction.atomic(), driver_cursor() as cursor:
        insert.write(cursor, ROWS)
    assert StreamCounter.objects.count() == len(ROWS)


def test_a_row_that_does_not_fit_is_an_error_of_django_and_takes_the_others_back() -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), driver_cursor() as cursor:
        insert.write(cursor, ROWS)
        insert.write(cursor, ROWS[:1])
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
    assert not StreamCounter.objects.exists()


def test_another_error_is_kept_in_mind_until_the_connection_is_looked_at() -> None:
    try:
        with pytest.raises(OperationalError), transaction.atomic(), driver_cursor() as cursor:
            cursor.execute("SELECT nothing_of_this_name")
        assert connection.errors_occurred
    finally:
        connection.close()


def test_a_transaction_that_is_broken_does_not_end_as_if_it_were_not() -> None:
    with pytest.raises(TransactionManagementError), transaction.atomic(), driver_cursor() as cursor:
        insert.write(cursor, ROWS)
        with suppress(ZeroDivisionError), transaction.atomic(savepoint=False):
            raise ZeroDivisionError
    assert not StreamCounter.objects.exists()


def test_who_watches_statements_sees_these_too() -> None:
    with CaptureQueriesContext(connection) as queries, transaction.atomic(), driver_cursor() as cursor:
        insert.write(cursor, ROWS)
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["BEGIN", "2", "COMMIT"]
