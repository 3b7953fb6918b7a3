"""The load market keeps its rate, its books and its determinism."""

from __future__ import annotations

from itertools import islice

from bridge.simulator.exchange import Exchange
from bridge.simulator.synthetic import SyntheticMarket
from tests.bridge.simulator.room import Tape


def test_every_update_changes_a_quote_at_the_asked_rate() -> None:
    tape = Tape()
    exchange = Exchange(SyntheticMarket(1, 20, 1_000), tape)
    while (exchange.next_due_us or 0) <= 1_000_000:
        exchange.step(0)
    assert len(tape.quotes) >= 20 + 990


def test_books_never_cross_and_no_order_is_missing() -> None:
    tape = Tape()
    exchange = Exchange(SyntheticMarket(2, 5, 1_000), tape)
    for _ in range(5_000):
        exchange.step(0)
    assert all(row.bid_e8 < row.ask_e8 for row in tape.quotes)
    assert exchange.gone == 0
    assert {len(board.matcher.bids.levels) for board in exchange.boards.values()} == {5}


def test_the_same_seed_gives_the_same_actions() -> None:
    one, other = (list(islice(SyntheticMarket(3, 9, 500).actions(), 2_000)) for _ in range(2))
    assert one == other


def test_symbols_count_from_001() -> None:
    assert [row.symbol for row in SyntheticMarket(1, 3, 10).listings] == ["SYM001", "SYM002", "SYM003"]
