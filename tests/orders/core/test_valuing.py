"""At which price is a position shown, and is its P&L exact?"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.core.marks import NO_MARK, Mark
from orders.core.valuing import market_price_e8, unrealized_e4

E8 = 10**8


@pytest.mark.parametrize(
    ("bid", "ask", "last", "price"),
    [
        (100, 102, 101, 101),
        (100, 102, 99, 100),
        (100, 102, 103, 102),
        (100, None, 99, 100),
        (None, 102, 103, 102),
        (None, None, 99, 99),
        (100, 103, None, 102),  # 101.5, half to even
        (100, None, None, None),
        (None, 102, None, None),
        (103, 102, 99, 99),  # a crossed market moves nothing
        (103, 102, None, None),
    ],
)
def test_the_price_is_the_last_one_held_between_bid_and_ask(
    bid: int | None, ask: int | None, last: int | None, price: int | None
) -> None:
    assert market_price_e8(Mark(bid, ask, last)) == price


def test_without_a_market_there_is_no_price() -> None:
    assert market_price_e8(NO_MARK) is None


@pytest.mark.parametrize(
    ("quantity_e8", "cost_e16", "price_e8", "pnl_e4"),
    [
        (10 * E8, 1000 * E8 * E8, 101 * E8, 10 * 10**4),
        (-10 * E8, -1000 * E8 * E8, 101 * E8, -10 * 10**4),
        (0, 0, 101 * E8, 0),
        (1, 0, 5 * 10**11, 0),  # half a unit of 10⁻⁴, to even
        (3, 0, 5 * 10**11, 2),
    ],
)
def test_the_profit_of_a_long_and_of_a_short(quantity_e8: int, cost_e16: int, price_e8: int, pnl_e4: int) -> None:
    assert unrealized_e4(quantity_e8, cost_e16, price_e8) == pnl_e4


WIDE = st.integers(-(10**17), 10**17)


@given(quantity_e8=WIDE, cost_e16=st.integers(-(10**33), 10**33), price_e8=st.integers(1, 10**17))
def test_it_is_the_exact_difference_rounded_once(quantity_e8: int, cost_e16: int, price_e8: int) -> None:
    exact = Fraction(quantity_e8 * price_e8 - cost_e16, 10**12)
    assert unrealized_e4(quantity_e8, cost_e16, price_e8) == round(exact)
