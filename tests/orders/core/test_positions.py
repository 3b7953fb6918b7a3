"""Is the cost of a position exact, whatever was bought and sold in whatever order?"""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.vocabulary import Side
from orders.core.positions import traded
from orders.core.state import PositionState, rounded_ratio

E8 = 10**8
FLAT = PositionState(
    id=uuid.UUID(int=1),
    user=uuid.UUID(int=2),
    account=uuid.UUID(int=3),
    account_name="a",
    symbol="IBM",
    exchange="XNYS",
)
trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 10**14), st.integers(1, 10**14)), min_size=1, max_size=30
)


def after(*done: tuple[Side, int, int]) -> PositionState:
    position = FLAT
    for side, quantity_e8, price_e8 in done:
        position = traded(position, side=side, quantity_e8=quantity_e8, price_e8=price_e8)
    return position


def test_a_sale_above_cost_realises_the_difference() -> None:
    position = after((Side.BUY, 10 * E8, 100 * E8), (Side.SELL, 4 * E8, 110 * E8))
    assert (position.quantity_e8, position.average_price_e8) == (6 * E8, 100 * E8)
    assert position.realized_pnl_e4 == 40 * 10**4


def test_a_short_position_gains_when_it_is_bought_back_lower() -> None:
    position = after((Side.SELL, 10 * E8, 100 * E8), (Side.BUY, 10 * E8, 90 * E8))
    assert (position.quantity_e8, position.cost_e16, position.realized_pnl_e4) == (0, 0, 100 * 10**4)


def test_a_trade_through_zero_closes_first_and_opens_at_its_own_price() -> None:
    position = after((Side.BUY, 10 * E8, 100 * E8), (Side.SELL, 15 * E8, 120 * E8))
    assert (position.quantity_e8, position.average_price_e8) == (-5 * E8, 120 * E8)
    assert position.realized_pnl_e4 == 200 * 10**4


def test_a_mark_below_cost_is_an_unrealised_loss() -> None:
    position = after((Side.BUY, 10 * E8, 100 * E8), (Side.BUY, 10 * E8, 90 * E8))
    assert position.unrealized_pnl_e4 == -100 * 10**4


@given(trades)
def test_cost_and_profit_add_up_to_what_was_paid(done: list[tuple[Side, int, int]]) -> None:
    """Exactly, to the last 10⁻¹⁶: nothing is lost to rounding on the way."""
    position = after(*done)
    paid = sum(quantity * price * (1 if side is Side.BUY else -1) for side, quantity, price in done)
    assert position.cost_e16 - position.realized_e16 == paid


@given(trades)
def test_the_quantity_is_the_signed_sum(done: list[tuple[Side, int, int]]) -> None:
    assert after(*done).quantity_e8 == sum(q if side is Side.BUY else -q for side, q, _ in done)


@given(trades)
def test_a_flat_position_has_no_cost(done: list[tuple[Side, int, int]]) -> None:
    position = after(*done)
    if position.quantity_e8:
        side = Side.SELL if position.quantity_e8 > 0 else Side.BUY
        position = traded(position, side=side, quantity_e8=abs(position.quantity_e8), price_e8=7)
    assert position.cost_e16 == 0


@given(st.integers(-(10**40), 10**40), st.integers(-(10**20), 10**20).filter(bool))
def test_a_ratio_is_rounded_half_to_even(numerator: int, denominator: int) -> None:
    found = rounded_ratio(numerator, denominator)
    error = abs(2 * (numerator - found * denominator))
    assert error < abs(denominator) or (error == abs(denominator) and found % 2 == 0)
