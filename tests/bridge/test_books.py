"""Does the book hold exactly what was said of it, whatever is said in which order?"""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.books import Book, BookError, Ladder, checksum_of
from tradingmw.scaled import text_e8

E8 = 10**8
prices = st.integers(min_value=1, max_value=12)
changes = st.lists(st.tuples(st.booleans(), prices, st.integers(min_value=0, max_value=3)), max_size=60)


def book_of(said: list[tuple[bool, int, int]]) -> Book:
    book = Book()
    for buy, price, size in said:
        (book.bids if buy else book.asks).set(price * E8, size * E8)
    return book


def standing(said: list[tuple[bool, int, int]], buy: bool) -> dict[int, int]:
    """The last word on each price; 0 is no level."""
    words = {price * E8: size * E8 for side, price, size in said if side is buy}
    return {price: size for price, size in words.items() if size}


@given(changes)
def test_each_side_holds_the_last_word_on_each_price_best_first(said: list[tuple[bool, int, int]]) -> None:
    book = book_of(said)
    assert book.bids.top() == sorted(standing(said, True).items(), reverse=True)
    assert book.asks.top() == sorted(standing(said, False).items())


@given(changes, st.integers(min_value=0, max_value=15))
def test_the_top_is_the_beginning_of_the_whole(said: list[tuple[bool, int, int]], levels: int) -> None:
    book = book_of(said)
    assert book.asks.top(levels) == book.asks.top()[:levels]
    assert book.bids.top(levels) == book.bids.top()[:levels]


@given(changes)
def test_a_book_loaded_from_its_own_levels_is_the_same_book(said: list[tuple[bool, int, int]]) -> None:
    book, copy = book_of(said), Book()
    copy.load(book.bids.top(), book.asks.top())
    assert (copy.bids.top(), copy.asks.top()) == (book.bids.top(), book.asks.top())
    assert copy.checksum() == book.checksum()


@given(changes, prices, st.integers(min_value=0, max_value=3))
def test_setting_tells_whether_anything_changed(said: list[tuple[bool, int, int]], price: int, size: int) -> None:
    bids = book_of(said).bids
    before = bids.top()
    assert bids.set(price * E8, size * E8) is (bids.top() != before)


@given(changes, st.integers(min_value=1, max_value=20))
def test_the_checksum_is_that_of_the_best_levels_as_they_are_written(
    said: list[tuple[bool, int, int]], depth: int
) -> None:
    book = book_of(said)
    best = min(10, depth)
    rows = book.asks.top()[:best] + book.bids.top()[:best]
    written = "".join(f"{text_e8(price)}:{text_e8(size)};" for price, size in rows)
    assert book.checksum(depth) == zlib.crc32(written.encode())
    sides = [[(text_e8(price), text_e8(size)) for price, size in side.top()] for side in (book.bids, book.asks)]
    assert checksum_of(*sides, depth) == book.checksum(depth)


@given(changes, prices, st.integers(min_value=0, max_value=3))
def test_a_checksum_taken_before_does_not_hide_a_later_change(
    said: list[tuple[bool, int, int]], price: int, size: int
) -> None:
    book = book_of(said)
    book.checksum()
    book.asks.set(price * E8, size * E8)
    assert book.checksum() == book_of([*said, (False, price, size)]).checksum()


def test_the_checksum_of_a_small_book_is_known() -> None:
    book = Book()
    book.load(bids=[(99 * E8, 5 * E8), (9850 * E8 // 100, 150_000_000)], asks=[(101 * E8, 7 * E8)])
    assert book.checksum() == zlib.crc32(b"101:7;99:5;98.5:1.5;")


@pytest.mark.parametrize(
    "levels", [[(1, 1), (2, 1)], [(2, 1), (2, 1)], [(2, 0)], [(0, 1)], [(-1, 1)], [(2, 1), (1, -1)]]
)
def test_sides_that_are_not_strictly_best_first_are_refused(levels: list[tuple[int, int]]) -> None:
    with pytest.raises(BookError):
        Book().load(bids=levels, asks=[])


@pytest.mark.parametrize(("price", "size"), [(0, 1), (-1, 1), (1, -1)])
def test_an_impossible_level_is_refused(price: int, size: int) -> None:
    with pytest.raises(BookError):
        Ladder(ascending=True).set(price, size)


def test_a_refused_side_leaves_the_ladder_as_it_was() -> None:
    side = Ladder(ascending=True)
    side.load([(1, 1), (2, 2)])
    with pytest.raises(BookError):
        side.load([(3, 3), (1, 1)])
    assert side.top() == [(1, 1), (2, 2)]


def test_clearing_empties_both_sides() -> None:
    book = book_of([(True, 1, 1), (False, 2, 1)])
    book.clear()
    assert (len(book.bids), len(book.asks), book.checksum()) == (0, 0, 0)


def test_a_book_is_crossed_where_a_bid_reaches_an_ask() -> None:
    assert book_of([(True, 3, 1), (False, 3, 1)]).crossed
    assert not book_of([(True, 2, 1), (False, 3, 1)]).crossed
    assert not book_of([(True, 2, 1)]).crossed
