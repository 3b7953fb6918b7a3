"""Which stop orders a price releases, and in which order."""

from __future__ import annotations

from bridge.simulator.orders import UserOrder
from bridge.simulator.stops import StopBook
from tests.bridge.simulator.room import new_order

CENT = 1_000_000


def stop(name: str, side: str, ticks: int) -> UserOrder:
    return UserOrder.of(new_order(name, side, 1, None, stop=ticks), "external", "AAA")


def released(last_ticks: int, *orders: UserOrder) -> list[str]:
    book = StopBook()
    for order in orders:
        book.add(order)
    names = []
    while (order := book.pop_triggered(last_ticks * CENT)) is not None:  # type: ignore[assignment]
        names.append(order.client_order_id)
    return names


def test_a_buy_is_released_at_its_price_or_above() -> None:
    assert released(100, stop("at", "buy", 100), stop("above", "buy", 101), stop("below", "buy", 99)) == ["below", "at"]


def test_a_sell_is_released_at_its_price_or_below() -> None:
    assert released(100, stop("at", "sell", 100), stop("below", "sell", 99), stop("above", "sell", 101)) == [
        "above",
        "at",
    ]


def test_of_two_at_one_price_the_first_to_come_goes_first() -> None:
    assert released(100, stop("first", "sell", 100), stop("second", "sell", 100)) == ["first", "second"]


def test_nothing_is_released_before_anything_has_traded() -> None:
    assert released(0, stop("x", "sell", 100)) == []
