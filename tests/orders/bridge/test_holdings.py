"""How much of an order would only reduce what its account holds, after every trade and every order?"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.wire.vocabulary import ExecType, Side
from orders.bridge.holdings import Holdings
from orders.core.inputs import Input
from tests.orders.core.desk import ANN, E8, Desk

LONG = {(ANN.account, "AAPL"): 100 * E8}
SHORT = {(ANN.account, "AAPL"): -30 * E8}


class Followed:
    """A desk, and holdings that are told what it commits."""

    def __init__(self) -> None:
        self.desk, self.holdings = Desk(), Holdings()
        self.desk.go_live()

    def do(self, each: Input) -> None:
        self.holdings.follow(self.desk.do(each).happenings)

    def place(self, side: Side, quantity: int) -> None:
        number = len(self.desk.orders)
        self.do(self.desk.place_input(f"a-{number}", side=side, quantity_e8=quantity * E8))

    def report(self, number: int, kind: ExecType, fill: tuple[int, int] = (0, 0)) -> None:
        self.do(self.desk.report(list(self.desk.orders.values())[number], kind, fill=fill))


def room(holdings: Holdings, side: Side, symbol: str = "AAPL") -> int:
    return holdings.room_e8((ANN.account, symbol, side)) // E8


def test_who_is_long_gets_out_by_selling_and_who_is_short_by_buying() -> None:
    long, short = Holdings(), Holdings()
    long.begin(LONG, [])
    short.begin(SHORT, [])
    assert (room(long, Side.SELL), room(long, Side.BUY)) == (100, 0)
    assert (room(short, Side.SELL), room(short, Side.BUY)) == (0, 30)
    assert room(long, Side.SELL, "MSFT") == 0


def test_open_orders_take_their_part_of_it_until_they_end() -> None:
    followed = Followed()
    followed.holdings.begin(LONG, [])
    followed.place(Side.SELL, 60)
    assert room(followed.holdings, Side.SELL) == 40
    followed.report(0, ExecType.NEW)
    followed.report(0, ExecType.CANCELED)
    assert room(followed.holdings, Side.SELL) == 100


def test_a_trade_makes_a_position_and_closes_it() -> None:
    followed = Followed()
    followed.place(Side.BUY, 50)
    followed.report(0, ExecType.NEW)
    followed.report(0, ExecType.TRADE, (50, 10))
    assert (room(followed.holdings, Side.SELL), room(followed.holdings, Side.BUY)) == (50, 0)
    followed.place(Side.SELL, 50)
    followed.report(1, ExecType.NEW)
    followed.report(1, ExecType.TRADE, (30, 10))
    assert room(followed.holdings, Side.SELL) == 0


STEPS = st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(0, 50), st.booleans())


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=12))
def test_what_is_followed_is_what_a_new_start_finds(steps: list[tuple[Side, int, int, bool]]) -> None:
    followed = Followed()
    for number, (side, quantity, filled, ends) in enumerate(steps):
        followed.place(side, quantity)
        followed.report(number, ExecType.NEW)
        if filled := min(filled, quantity):
            followed.report(number, ExecType.TRADE, (filled, 10))
        if ends and filled < quantity:
            followed.report(number, ExecType.CANCELED)
    anew, book = Holdings(), followed.desk.book
    held = {key: position.quantity_e8 for key, position in book.positions.items()}
    anew.begin(held, followed.desk.orders.values())
    for side in Side:
        assert room(followed.holdings, side) == room(anew, side)
