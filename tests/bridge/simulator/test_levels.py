"""The second view of a book: order of the queue, sums, and what changed."""

from __future__ import annotations

from bridge.simulator.levels import BookOrder, BookSide


def side_with(*orders: tuple[int, int], buy: bool = True) -> tuple[BookSide, list[BookOrder]]:
    side = BookSide(buy=buy)
    made = [BookOrder(buy, ticks, units) for ticks, units in orders]
    for order in made:
        side.join(order)
    return side, made


def test_the_best_bid_is_the_highest_and_the_best_ask_the_lowest() -> None:
    bids, _ = side_with((100, 1), (102, 2), (101, 3))
    asks, _ = side_with((100, 1), (102, 2), (101, 3), buy=False)
    assert bids.best() == (102, 2)
    assert asks.best() == (100, 1)


def test_an_empty_side_has_price_and_size_zero() -> None:
    assert BookSide(buy=True).best() == (0, 0)


def test_levels_come_best_first() -> None:
    bids, _ = side_with((100, 1), (102, 2), (100, 4))
    assert list(bids.best_first()) == [(102, 2), (100, 5)]


def test_a_level_leaves_with_its_last_unit() -> None:
    side, (order,) = side_with((100, 5))
    side.lose(order, 3)
    assert side.best() == (100, 2)
    side.lose(order, 2)
    assert side.best() == (0, 0)


def test_those_behind_are_told_in_the_order_they_came() -> None:
    side, (first, second, third) = side_with((100, 1), (100, 1), (100, 1))
    assert side.behind(first) == [second, third]
    assert side.behind(third) == []


def test_a_level_that_ends_as_it_began_has_not_changed() -> None:
    side, (order,) = side_with((100, 5))
    assert side.take_changes() == [(100, 5)]
    side.lose(order, 5)
    side.join(BookOrder(True, 100, 5))
    assert side.take_changes() == []


def test_a_level_that_is_gone_changed_to_zero() -> None:
    side, (order,) = side_with((100, 5))
    side.take_changes()
    side.lose(order, 5)
    assert side.take_changes() == [(100, 0)]
