"""Is the SQL built from the model what the ORM itself would store?"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper as Cursor

from orders.ledger.columns import ORDER_CHANGES, client_order_key, exec_key, order_columns
from orders.ledger.statements import Add, Insert, Pick, Update
from orders.models import EngineCommand, Lease, Order
from orders.requests import Caller
from orders.rows import order_state
from tests.orders.core.desk import Desk


@pytest.fixture
def cursor(transactional_db: None) -> Iterator[Cursor]:
    with connection.cursor() as cursor:
        yield cursor


def test_every_column_of_an_order_is_written(trader: Caller, cursor: Cursor) -> None:
    order = Desk()
    order.go_live()
    placed = order.place(caller=trader, expires_at_us=None)
    Insert(Order).write(cursor, [order_columns(placed)])
    assert order_state(Order.objects.select_related("account", "desk").get()) == placed


def test_an_update_changes_the_named_columns_only(trader: Caller, cursor: Cursor) -> None:
    desk = Desk()
    desk.go_live()
    placed = desk.place(caller=trader)
    Insert(Order).write(cursor, [order_columns(placed)])
    Update(Order, ORDER_CHANGES).write(cursor, [{**order_columns(placed), "status": "new", "symbol": "IBM"}])
    row = Order.objects.get()
    assert (row.status, row.symbol) == ("new", "AAPL")


def test_nothing_is_sent_for_no_rows(cursor: Cursor) -> None:
    Insert(EngineCommand).write(cursor, [])
    assert not EngineCommand.objects.exists()


def test_keys_are_byte_exact_in_any_collation() -> None:
    ids = ["a1", "A1", "a.1", "a:1"]
    assert len({client_order_key(each).lower() for each in ids}) == len(ids)
    assert len({exec_key(each).lower() for each in ids}) == len(ids)


def test_the_longest_client_order_id_fits_its_key() -> None:
    key_length = Order._meta.get_field("client_order_key").max_length
    assert len(client_order_key("x" * 48)) == key_length


def test_adding_says_whether_the_row_is_there(cursor: Cursor) -> None:
    add = Add(Lease, "renewed", ["id", "fence"])
    assert not add.run(cursor, 1, 1, 7)
    Lease.objects.create(id=1, fence=7, renewed=5)
    assert add.run(cursor, 3, 1, 7)
    assert not add.run(cursor, 3, 1, 8)
    assert Lease.objects.get().renewed == 8


def test_picking_finds_the_rows_of_many_keys_under_what_is_fixed(trader: Caller, cursor: Cursor) -> None:
    desk = Desk()
    desk.go_live()
    placed = [desk.place(caller=trader, client_order_id=name) for name in ("a1", "A1", "b")]
    Insert(Order).write(cursor, [order_columns(each) for each in placed])
    pick = Pick(Order, ["client_order_id", "version"], "client_order_key", fixed=["account_id"])
    wanted = [client_order_key(name) for name in ("a1", "b", "none")]
    assert sorted(pick.run(cursor, wanted, trader.account)) == [("a1", placed[0].version), ("b", placed[2].version)]
    assert pick.run(cursor, wanted, uuid4()) == []
