"""Recorded levels become exactly the book that was told, whatever is told of them."""

from __future__ import annotations

from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.simulator.actions import Place, Print
from bridge.simulator.board import Board
from bridge.simulator.listings import Listing
from bridge.simulator.replay_levels import LevelRow, RecordedLevels, decimal_step, level_row, trade_row
from tests.bridge.simulator.room import Tape
from tradingmw.errors import InvalidRequest

TICK_E8, LOT_E8 = 10**6, 10**4
#: Bids below 100 ticks, asks above: a recording of an exchange does not cross itself.
LEVELS = some.one_of(
    some.tuples(some.just(True), some.integers(90, 99), some.integers(0, 3)),
    some.tuples(some.just(False), some.integers(101, 110), some.integers(0, 3)),
).map(lambda level: (level[0], level[1] * TICK_E8, level[2] * LOT_E8))


@given(some.lists(LEVELS, max_size=10), some.lists(some.lists(LEVELS, max_size=4), max_size=20))
def test_the_book_holds_what_was_told_last(opening: list[LevelRow], updates: list[list[LevelRow]]) -> None:
    board = Board(Listing(1, "AB-USD", "COINBASE", tick_e8=TICK_E8, lot_e8=LOT_E8), Tape())
    levels = RecordedLevels(opening, tick_e8=TICK_E8, lot_e8=LOT_E8)
    board.act(tuple(levels.places()), 0)
    told = {row[:2]: row[2] for row in opening if row[2]}
    for rows in updates:
        board.act(tuple(levels.changes(rows)), 0)
        told |= {row[:2]: row[2] for row in rows}
    sides = {True: board.matcher.bids, False: board.matcher.asks}
    shown = {(buy, ticks * TICK_E8): units * LOT_E8 for buy in sides for ticks, units in sides[buy].best_first()}
    assert shown == {level: size_e8 for level, size_e8 in told.items() if size_e8}
    assert board.gone == 0


def test_what_changes_nothing_does_nothing() -> None:
    levels = RecordedLevels([(True, TICK_E8, LOT_E8)], tick_e8=TICK_E8, lot_e8=LOT_E8)
    assert list(levels.changes([(True, TICK_E8, LOT_E8), (False, TICK_E8, 0)])) == []


def test_a_trade_prints_in_lots() -> None:
    assert RecordedLevels([], tick_e8=1, lot_e8=LOT_E8).printed((2, 7, 3 * LOT_E8)) == Print(2, 7, 3)


@given(some.lists(some.integers(1, 10**12), min_size=1))
def test_the_step_is_the_finest_decimal_that_occurs(values: list[int]) -> None:
    step = decimal_step(values)
    assert str(step).strip("0") == "1"
    assert gcd(*values) % step == 0
    assert gcd(*values) % (step * 10)


def test_nothing_has_the_smallest_step() -> None:
    assert decimal_step([]) == decimal_step([0]) == 1


def test_levels_and_trades_are_exact() -> None:
    assert level_row(True, "92233720368.54775807", "0.00000000") == (True, 2**63 - 1, 0)
    assert trade_row(1, "0.00000001", "1.10") == (1, 1, 110_000_000)


@pytest.mark.parametrize(("price", "size"), [("0", "1"), ("-1", "1"), ("1", "-0.5")])
def test_no_level_has_such_a_price_or_size(price: str, size: str) -> None:
    with pytest.raises(ValueError, match="No level"):
        level_row(True, price, size)


@pytest.mark.parametrize("number", ["0.000000001", "1e30", "NaN", "inf", "x", ""])
def test_what_does_not_fit_is_refused(number: str) -> None:
    with pytest.raises(InvalidRequest):
        level_row(True, number, "1")
    with pytest.raises(InvalidRequest):
        trade_row(1, "1", number)


def test_a_level_is_one_order_under_its_side_and_price() -> None:
    levels = RecordedLevels([(False, 3 * TICK_E8, 5 * LOT_E8)], tick_e8=TICK_E8, lot_e8=LOT_E8)
    assert list(levels.places()) == [Place((False, 3 * TICK_E8), False, 3, 5)]
