"""liquibook behind our interface: price, then time; and our view of the book never leaves its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.simulator.levels import BookOrder
from bridge.simulator.matching import Matcher, Mode


def order(buy: bool, ticks: int, units: int) -> BookOrder:
    return BookOrder(buy, ticks, units)


def trades(matcher: Matcher, incoming: BookOrder, mode: Mode = Mode.REST) -> list[tuple[int, int]]:
    return [(fill.units, fill.ticks) for fill in matcher.add(incoming, mode)]


def test_the_better_price_trades_first_then_the_earlier_order() -> None:
    matcher = Matcher()
    later_better, first, second = order(False, 100, 5), order(False, 101, 5), order(False, 101, 5)
    for resting in (first, second, later_better):
        matcher.add(resting)
    fills = matcher.add(order(True, 101, 12))
    assert [(fill.resting, fill.units, fill.ticks) for fill in fills] == [
        (later_better, 5, 100),
        (first, 5, 101),
        (second, 2, 101),
    ]


def test_a_part_that_does_not_trade_rests() -> None:
    matcher = Matcher()
    matcher.add(order(False, 100, 5))
    assert trades(matcher, order(True, 100, 8)) == [(5, 100)]
    assert matcher.bids.best() == (100, 3)
    assert matcher.asks.best() == (0, 0)


def test_the_rest_of_a_market_order_does_not_stay() -> None:
    matcher = Matcher()
    matcher.add(order(False, 100, 5))
    assert trades(matcher, order(True, 0, 8), Mode.DROP) == [(5, 100)]
    assert trades(matcher, order(False, 90, 1)) == []
    assert matcher.asks.best() == (90, 1)


def test_all_or_nothing_trades_nothing_where_not_all_can() -> None:
    matcher = Matcher()
    matcher.add(order(False, 100, 5))
    matcher.add(order(False, 101, 5))
    assert trades(matcher, order(True, 100, 6), Mode.ALL_OR_NOTHING) == []
    assert trades(matcher, order(True, 101, 6), Mode.ALL_OR_NOTHING) == [(5, 100), (1, 101)]


def test_an_order_that_shrinks_keeps_its_place() -> None:
    matcher = Matcher()
    first, second, third = (order(False, 100, 10) for _ in range(3))
    for resting in (first, second, third):
        matcher.add(resting)
    matcher.shrink(first, 4)
    fills = matcher.add(order(True, 100, 17))
    assert [(fill.resting, fill.units) for fill in fills] == [(first, 6), (second, 10), (third, 1)]


def test_a_cancelled_order_does_not_trade() -> None:
    matcher = Matcher()
    resting = order(False, 100, 5)
    matcher.add(resting)
    matcher.cancel(resting)
    assert trades(matcher, order(True, 100, 5)) == []


@pytest.mark.parametrize("number", [2**31, 2**32 + 1, 2**53 + 1, 2**62, 2**63 - 1])
def test_prices_and_quantities_are_exact_to_63_bits(number: int) -> None:
    matcher = Matcher()
    matcher.add(order(False, number, number))
    assert trades(matcher, order(True, number, number)) == [(number, number)]


class PlainBook:
    """Price-time priority in a dozen lines, to compare with."""

    def __init__(self) -> None:
        self.resting: list[list[int]] = []  # number, buy, ticks, open; in order of arrival

    def add(self, number: int, buy: bool, ticks: int, units: int, mode: Mode) -> list[tuple[int, int]]:
        against = [
            row for row in self.resting if row[1] != buy and (not ticks or (row[2] <= ticks) == buy or row[2] == ticks)
        ]
        against.sort(key=lambda row: row[2] if buy else -row[2])
        if mode is Mode.ALL_OR_NOTHING and sum(row[3] for row in against) < units:
            return []
        fills = []
        for row in against:
            if taken := min(units, row[3]):
                fills.append((row[0], taken))
                row[3] -= taken
                units -= taken
        if units and mode is Mode.REST:
            self.resting.append([number, buy, ticks, units])
        self.resting = [row for row in self.resting if row[3]]
        return fills

    def levels(self, buy: bool) -> dict[int, int]:
        found: dict[int, int] = {}
        for row in self.resting:
            if row[1] == buy:
                found[row[2]] = found.get(row[2], 0) + row[3]
        return found


ADD = st.tuples(st.just("add"), st.booleans(), st.integers(95, 105), st.integers(1, 20), st.sampled_from(list(Mode)))
MARKET = st.tuples(
    st.just("add"), st.booleans(), st.just(0), st.integers(1, 20), st.sampled_from([Mode.DROP, Mode.ALL_OR_NOTHING])
)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 99))
SHRINK = st.tuples(st.just("shrink"), st.integers(0, 99), st.integers(1, 19))


@given(st.lists(st.one_of(ADD, MARKET, CANCEL, SHRINK), max_size=60))
def test_it_trades_as_a_plain_price_time_book_does(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    matcher, plain, made = Matcher(), PlainBook(), {}
    for number, step in enumerate(steps):
        if step[0] == "add":
            made[number] = order(*step[1:4])
            numbers = {id(known): name for name, known in made.items()}
            fills = [(numbers[id(fill.resting)], fill.units) for fill in matcher.add(made[number], step[4])]
            assert fills == plain.add(number, *step[1:])
        elif plain.resting:
            row = plain.resting[step[1] % len(plain.resting)]
            if step[0] == "cancel":
                matcher.cancel(made[row[0]])
                plain.resting.remove(row)
            elif step[2] < row[3]:
                matcher.shrink(made[row[0]], step[2])
                row[3] -= step[2]
    assert dict(matcher.bids.best_first()) == plain.levels(True)
    assert dict(matcher.asks.best_first()) == plain.levels(False)
