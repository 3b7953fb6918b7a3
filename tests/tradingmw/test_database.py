"""Is a connection that has failed opened anew, and does what may be left undone not wait for another writer?"""

from __future__ import annotations

import sqlite3

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from accounts.models import Desk
from tests.orders.ledger.conftest import another_writer
from tradingmw.database import without_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def opened() -> sqlite3.Connection:
    connection.ensure_connection()
    return connection.connection  # type: ignore[no-any-return]


def fail() -> None:
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")


def test_a_connection_that_failed_is_opened_anew() -> None:
    before = opened()
    close_old_connections()
    assert opened() is before
    fail()
    close_old_connections()
    assert opened() is not before


def test_so_it_is_where_the_transaction_was_rolled_back() -> None:
    before = opened()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fail()
        raise ZeroDivisionError
    close_old_connections()
    assert opened() is not before


def test_what_may_be_left_undone_does_not_wait_and_the_rest_waits_as_before() -> None:
    with connection.cursor() as cursor:
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()
        with another_writer(), pytest.raises(OperationalError), without_waiting():
            Desk.objects.create(name="alpha")
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == patience == (20_000,)
