"""What the world sees of one instrument."""

from __future__ import annotations

from bridge.simulator.actions import Clear, Execute, Place, Print, Pull, Reduce, Take
from bridge.simulator.board import Board
from bridge.simulator.levels import BookOrder
from bridge.simulator.matching import Mode
from bridge.wire.market import Depth
from tests.bridge.simulator.room import E8, LISTINGS, Tape, ask, bid

CENT = 1_000_000


def board(*opening: Place) -> tuple[Board, Tape]:
    tape = Tape()
    made = Board(LISTINGS[0], tape)
    made.act(opening, 0)
    return made, tape


def test_an_action_makes_one_group_of_level_changes_whose_last_row_says_so() -> None:
    _, tape = board(bid("b", 99, 10), ask("a", 101, 20))
    assert tape.events == [
        [Depth(1, 1, False, 0, 99 * CENT, 10 * E8), Depth(1, 2, True, 0, 101 * CENT, 20 * E8)],
    ]


def test_a_deep_change_makes_no_quote() -> None:
    made, tape = board(bid("b", 99, 10), ask("a", 101, 20))
    made.act((bid("deep", 90, 5),), 1)
    assert (len(tape.quotes), len(tape.events)) == (1, 2)


def test_an_action_that_changes_nothing_shows_nothing() -> None:
    made, tape = board(bid("b", 99, 10))
    made.act((bid("b", 99, 10),), 1)
    made.act((Pull("nobody"),), 2)
    assert (len(tape.quotes), len(tape.events), made.gone) == (1, 1, 1)


def test_a_taker_prints_trades_and_the_quote_carries_the_last_one() -> None:
    made, tape = board(ask("a", 101, 20), ask("c", 102, 20))
    made.act((Take(True, 25),), 7)
    assert [(row.aggressor, row.trade_id, row.price_e8, row.size_e8) for row in tape.trades] == [
        (1, 1, 101 * CENT, 20 * E8),
        (1, 2, 102 * CENT, 5 * E8),
    ]
    quote = tape.quotes[-1]
    assert (quote.ask_e8, quote.ask_size_e8, quote.last_e8, quote.volume_e8) == (
        102 * CENT,
        15 * E8,
        102 * CENT,
        25 * E8,
    )


def test_a_recorded_execution_reduces_its_own_order_and_prints() -> None:
    made, tape = board(ask("first", 101, 20), ask("second", 101, 20))
    made.act((Execute("second", 5),), 1)
    assert made.matcher.asks.best() == (101, 35)
    assert [(row.aggressor, row.size_e8) for row in tape.trades] == [(1, 5 * E8)]
    made.act((Reduce("second", 15),), 2)
    assert made.matcher.asks.best() == (101, 20)


def test_a_hidden_execution_prints_at_its_own_price_and_leaves_the_book() -> None:
    made, tape = board(ask("a", 101, 20))
    made.act((Print(2, 100_500_000, 3),), 1)
    assert (len(tape.events), tape.quotes[-1].last_e8) == (1, 100_500_000)


def test_what_a_user_consumed_is_skipped_and_counted() -> None:
    made, tape = board(ask("a", 101, 20))
    user = BookOrder(True, 0, 20, owner="user")
    assert len(made.submit(user, Mode.DROP, 1)) == 1
    made.act((Execute("a", 20),), 2)
    made.act((Reduce("a", 1),), 3)
    assert (made.gone, len(tape.trades)) == (2, 1)


def test_an_order_placed_anew_with_less_keeps_its_place_and_with_more_loses_it() -> None:
    made, _ = board(ask("a", 101, 20))
    user = BookOrder(False, 101, 5, owner="user")
    made.submit(user, Mode.REST, 1)
    made.act((ask("a", 101, 10),), 2)
    assert made.act((Take(True, 10),), 3) == []
    made.act((ask("a", 101, 10),), 4)
    made.act((ask("a", 101, 15),), 5)
    assert [fill.units for fill in made.act((Take(True, 6),), 6)] == [5]


def test_clearing_leaves_users_orders_and_tells_the_whole_book() -> None:
    made, tape = board(ask("a", 101, 20))
    made.submit(BookOrder(True, 99, 5, owner="user"), Mode.REST, 1)
    made.act((Clear(), ask("new", 103, 7)), 2)
    assert [(row.side, row.last, row.price_e8 // CENT, row.size_e8 // E8) for row in tape.events[-1]] == [
        (0, False, 0, 0),
        (1, False, 99, 5),
        (2, True, 103, 7),
    ]


def test_the_snapshot_is_what_the_shown_changes_add_up_to() -> None:
    made, tape = board(bid("b", 99, 10), bid("c", 98, 5), ask("a", 101, 20))
    made.act((Take(False, 12), bid("d", 97, 1), Pull("a"), ask("e", 100, 3)), 5)
    sides: dict[int, dict[int, int]] = {1: {}, 2: {}}
    for row in (row for event in tape.events for row in event):
        sides[row.side][row.price_e8] = row.size_e8
    shown = [[level for level in sides[side].items() if level[1]] for side in (1, 2)]
    snapshot = made.snapshot()
    assert [sorted(snapshot.bids), sorted(snapshot.asks)] == [sorted(side) for side in shown]
    assert (snapshot.high_e8, snapshot.low_e8, snapshot.ts_us) == (99 * CENT, 98 * CENT, 5)
    assert snapshot.turnover_e4 == (99 * 10 + 98 * 2) * 100
