"""The three conditions of an alert, price by price; and that merging looks changes nothing."""

from __future__ import annotations

from itertools import accumulate
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules import Armed, Condition, Look, Side, fires

TARGET = 100
prices = st.integers(TARGET - 3, TARGET + 3)


def alert(condition: Condition, side: Side = Side.UNKNOWN) -> Armed:
    return Armed(UUID(int=1), 1, "AAPL", condition, TARGET, side)


def look(*seen: int) -> Look:
    return Look(seen[-1], max(seen), min(seen))


def met(condition: Condition, seen: list[int]) -> bool:
    """What the words say, price by price."""
    match condition:
        case Condition.ABOVE:
            return any(price > TARGET for price in seen)
        case Condition.BELOW:
            return any(price < TARGET for price in seen)
        case Condition.CROSS:
            return any(price > TARGET for price in seen) and any(price < TARGET for price in seen)


@pytest.mark.parametrize(
    ("condition", "price", "expected"),
    [("above", 101, True), ("above", 100, False), ("below", 99, True), ("below", 100, False), ("cross", 101, False)],
)
def test_at_the_target_itself_nothing_has_happened(condition: str, price: int, expected: bool) -> None:
    assert fires(alert(Condition(condition)), look(price)) is expected


@pytest.mark.parametrize(("side", "price"), [(Side.BELOW, 101), (Side.ABOVE, 99)])
def test_a_cross_fires_on_the_other_side_of_where_it_began(side: Side, price: int) -> None:
    assert fires(alert(Condition.CROSS, side), look(price))
    assert not fires(alert(Condition.CROSS, side), look(200 - price))
    assert not fires(alert(Condition.CROSS, side), look(TARGET))


def test_a_cross_that_began_at_its_target_takes_the_side_of_the_next_price() -> None:
    began = alert(Condition.CROSS).seen(look(TARGET))
    assert began.side is Side.UNKNOWN
    assert began.seen(look(101)).side is Side.ABOVE
    assert began.seen(look(TARGET, 99)).side is Side.BELOW


def test_a_spike_between_two_looks_fires() -> None:
    assert fires(alert(Condition.ABOVE), look(99, 101, 99))
    assert fires(alert(Condition.CROSS, Side.BELOW), look(99, 101, 99))


def test_a_new_high_of_the_day_is_a_price_that_was_missed() -> None:
    after = Look(99, 99, 99, day_high_e8=101, day_low_e8=90)
    assert fires(alert(Condition.ABOVE), after.since(100, 90))
    assert not fires(alert(Condition.ABOVE), after.since(101, 90))
    assert after.since(0, 0) == after


def test_a_new_low_of_the_day_is_a_price_that_was_missed() -> None:
    after = Look(101, 101, 101, day_high_e8=105, day_low_e8=99)
    assert fires(alert(Condition.BELOW), after.since(105, 100))
    assert not fires(alert(Condition.BELOW), after.since(105, 99))


@given(st.sampled_from(Condition), st.lists(st.lists(prices, min_size=1, max_size=4), min_size=1, max_size=6))
def test_however_prices_are_merged_the_same_alerts_fire(condition: Condition, portions: list[list[int]]) -> None:
    watched, fired = alert(condition), False
    for portion in portions:
        merged = list(accumulate((look(price) for price in portion), Look.then))[-1]
        fired = fired or fires(watched, merged)
        watched = watched.seen(merged)
    assert fired is met(condition, [price for portion in portions for price in portion])
