"""What an account's orders, executions and positions are, and where a page of them ends."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.rights import Reach
from orders.models import Order
from orders.selectors import (
    PositionPlace,
    StatusFilter,
    Wanted,
    executions_page,
    order_by_client_id,
    order_get,
    orders_page,
    positions_page,
)
from orders.snapshots import executions_standing, orders_standing, positions_standing
from tests.orders.holdings import execution_of, order_of, position_of, trader
from tradingmw.errors import NotFound
from tradingmw.paging import Place

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return trader("ann")


def ids(user: User, place: Place | None = None, limit: int = 100, **narrowed: object) -> list[str]:
    wanted = Wanted(**{name: value for name, value in narrowed.items() if name != "status"})  # type: ignore[arg-type]
    status = StatusFilter(str(narrowed.get("status", "all")))
    page = orders_page(Reach(user.account_id), status=status, wanted=wanted, place=place, limit=limit)
    return [item["clientOrderId"] for item in page.items]


def test_orders_of_one_instant_are_paged_without_a_repeat_or_a_gap(ann: User) -> None:
    for number in range(7):
        order_of(ann, f"c{number}", minute=number // 4)
    seen: list[str] = []
    place = None
    for _ in range(4):
        page = orders_page(Reach(ann.account_id), status=StatusFilter.ALL, wanted=Wanted(), place=place, limit=2)
        seen += [item["clientOrderId"] for item in page.items]
        last = Order.objects.get(client_order_id=seen[-1])
        place = Place(last.created_at, last.id)
    assert page.next_token is None
    assert sorted(seen) == [f"c{number}" for number in range(7)]
    assert sorted(seen[:3]) == ["c4", "c5", "c6"]


def test_open_and_closed_part_the_orders(ann: User) -> None:
    for status in ("pending_new", "new", "unknown", "filled", "denied"):
        order_of(ann, status, status=status)
    assert sorted(ids(ann, status="open")) == ["new", "pending_new", "unknown"]
    assert sorted(ids(ann, status="closed")) == ["denied", "filled"]


def test_lists_are_narrowed_by_symbol_and_period(ann: User) -> None:
    first, second, third = (order_of(ann, f"c{minute}", minute=minute) for minute in range(3))
    order_of(ann, "other", symbol="IBM")
    assert ids(ann, symbols=["IBM"]) == ["other"]
    assert ids(ann, after=first.created_at, until=third.created_at) == [second.client_order_id]


def test_client_order_ids_are_told_apart_by_case(ann: User) -> None:
    order_of(ann, "a1")
    order_of(ann, "A1")
    assert order_by_client_id(ann.account_id, "A1")["clientOrderId"] == "A1"
    with pytest.raises(NotFound):
        order_by_client_id(ann.account_id, "a2")


def test_a_foreign_order_is_as_absent_as_one_that_never_was(ann: User) -> None:
    foreign = order_of(trader("bob"), "c1")
    for order_id in (foreign.id, uuid4()):
        with pytest.raises(NotFound):
            order_get(Reach(ann.account_id), order_id)


def test_a_user_without_an_account_has_nothing(ann: User) -> None:
    execution_of(order_of(ann, "c1"))
    position_of(ann, "AAPL")
    assert orders_page(Reach(), status=StatusFilter.ALL, wanted=Wanted(), place=None, limit=9).items == []
    assert executions_page(Reach(), wanted=Wanted(), place=None, limit=9).items == []
    assert positions_page(Reach(), symbols=(), after=None, limit=9).items == []


def test_positions_are_paged_by_symbol(ann: User) -> None:
    for symbol in ("MSFT", "AAPL", "IBM"):
        position_of(ann, symbol)
    first = positions_page(Reach(ann.account_id), symbols=(), after=None, limit=2)
    rest = positions_page(Reach(ann.account_id), symbols=(), after=PositionPlace.read(first.next_token or ""), limit=2)
    assert [[item["symbol"] for item in page.items] for page in (first, rest)] == [["AAPL", "IBM"], ["MSFT"]]
    assert rest.next_token is None


def test_a_snapshot_of_orders_holds_all_open_ones_and_those_that_ended_lately(ann: User) -> None:
    now = timezone.now()
    order_of(ann, "old but open", updated_at=now - timedelta(days=9))
    order_of(ann, "ended today", status="filled", updated_at=now - timedelta(hours=1))
    order_of(ann, "ended before", status="canceled", updated_at=now - timedelta(hours=25))
    order_of(trader("bob"), "foreign", updated_at=now)
    assert [item.data["clientOrderId"] for item in orders_standing(Reach(ann.account_id))] == [
        "old but open",
        "ended today",
    ]


def test_beyond_the_bound_the_oldest_ended_orders_are_left_out_first(ann: User) -> None:
    now = timezone.now()
    for number in range(3):
        order_of(ann, f"open{number}", updated_at=now - timedelta(hours=2))
        order_of(ann, f"ended{number}", status="filled", updated_at=now - timedelta(minutes=number))
    assert standing(ann, 4) == ["ended0", "open0", "open1", "open2"]
    assert len(standing(ann, 2)) == 2


def standing(user: User, most: int) -> list[str]:
    return sorted(item.data["clientOrderId"] for item in orders_standing(Reach(user.account_id), most))


def test_a_snapshot_of_executions_is_todays_oldest_first(ann: User) -> None:
    order = order_of(ann, "c1")
    minutes = round((timezone.now() - order.created_at).total_seconds() / 60)
    recent = [execution_of(order, minute=minutes - ago) for ago in (3, 5)]
    execution_of(order, minute=minutes - 60 * 25)
    found = [item.data["id"] for item in executions_standing(Reach(ann.account_id))]
    assert found == [str(execution.id) for execution in reversed(recent)]


def test_a_snapshot_of_positions_is_by_symbol(ann: User) -> None:
    for symbol in ("MSFT", "AAPL"):
        position_of(ann, symbol)
    assert [item.data["symbol"] for item in positions_standing(Reach(ann.account_id))] == ["AAPL", "MSFT"]
