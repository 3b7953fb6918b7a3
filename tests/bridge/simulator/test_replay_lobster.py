"""The recorded NASDAQ hour rebuilds the exchange's own book, and users can trade in it."""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

import pytest

from bridge.simulator.actions import Execute, Place, Print, Pull, Reduce
from bridge.simulator.exchange import Exchange
from bridge.simulator.levels import BookOrder
from bridge.simulator.matching import Mode
from bridge.simulator.replay import RecordingFault, ReplayMarket
from bridge.simulator.replay_lobster import LobsterRecording
from tests.bridge.simulator.room import Tape
from tests.needs import data
from tradingmw.env import env

DAY = "AAPL_2012-06-21"
MESSAGES = """\
34200.004241176,1,11,18,5853300,1
34200.025551909,1,12,40,5853300,1
34200.1,4,11,8,5853300,1
34200.2,2,12,10,5853300,1
34200.3,5,0,7,5853450,-1
34200.4,3,12,30,5853300,1
34200.5,4,77,50,5853000,1
34200.6,7,0,0,-1,-1
34200.7,3,99,5,5840000,1
"""
OPENING = "5859400,200,5853300,18,9999999999,0,5853000,150\n"


@pytest.fixture
def small(tmp_path: Path) -> LobsterRecording:
    (tmp_path / f"{DAY}_x_message_10.csv").write_text(MESSAGES, encoding="ascii")
    (tmp_path / f"{DAY}_x_orderbook_10.csv").write_text(OPENING, encoding="ascii")
    return LobsterRecording(tmp_path / f"{DAY}_x_message_10.csv")


def started(*recordings: LobsterRecording, loop: bool = False) -> tuple[Exchange, Tape]:
    tape = Tape()
    exchange = Exchange(ReplayMarket(recordings, loop=loop), tape)
    exchange.step(0)
    return exchange, tape


def finish(exchange: Exchange) -> None:
    while exchange.next_due_us is not None:
        exchange.step(0)


def test_the_first_message_stands_in_the_opening_state_as_its_own_order(small: LobsterRecording) -> None:
    assert small.opening() == (
        Place(("opening", False, 58_594), False, 58_594, 200),
        Place(("opening", True, 58_530), True, 58_530, 150),
        Place(11, True, 58_533, 18),
    )


def test_each_type_of_message_becomes_its_operation_at_its_time(small: LobsterRecording) -> None:
    assert [(happening.at_us, *happening.operations) for happening in small.happenings()] == [
        (21_310, Place(12, True, 58_533, 40)),
        (95_759, Execute(11, 8)),
        (195_759, Reduce(12, 10)),
        (295_759, Print(1, 58_534_500_000, 7)),
        (395_759, Pull(12)),
        (495_759, Execute(("opening", True, 58_530), 50)),
        (695_759, Reduce(("opening", True, 58_400), 5)),
    ]


def test_there_is_exactly_one_book_event_for_each_message_that_changes_the_book(small: LobsterRecording) -> None:
    exchange, tape = started(small)
    finish(exchange)
    assert len(tape.events) == 1 + 5  # the opening; hidden execution, halt and unknown order change nothing
    assert exchange.gone == 1
    assert [row.aggressor for row in tape.trades] == [2, 1, 2]


def test_a_users_fill_consumes_the_recordings_liquidity(small: LobsterRecording) -> None:
    exchange, tape = started(small)
    board = exchange.boards[1]
    fills = board.submit(BookOrder(False, 58_533, 18, owner="user"), Mode.DROP, 0)
    assert [(fill.units, fill.ticks) for fill in fills] == [(18, 58_533)]
    finish(exchange)
    assert exchange.gone == 2
    assert [row.size_e8 for row in tape.trades[1:]] == [7 * 10**8, 50 * 10**8]


def test_a_loop_clears_the_recording_and_keeps_users_orders(small: LobsterRecording) -> None:
    exchange, tape = started(small, loop=True)
    board = exchange.boards[1]
    board.submit(BookOrder(True, 50_000, 5, owner="user"), Mode.REST, 0)
    for _ in range(8):
        exchange.step(0)
    again = tape.events[-1]
    assert (again[0].side, again[0].last, again[-1].last) == (0, False, True)
    assert dict(board.matcher.bids.best_first()) == {58_533: 18, 58_530: 150, 50_000: 5}


def test_two_recordings_of_one_symbol_are_refused(small: LobsterRecording) -> None:
    with pytest.raises(RecordingFault):
        ReplayMarket([small, small], loop=True)


@pytest.mark.parametrize("line", ["34200.1,9,1,1,1,1\n", "34200.1,1,x,1,1,1\n", "\n", "time,1,1,1,1,1\n"])
def test_a_broken_line_is_named(small: LobsterRecording, tmp_path: Path, line: str) -> None:
    path = tmp_path / f"{DAY}_x_message_10.csv"
    path.write_text(MESSAGES + line, encoding="ascii")
    with pytest.raises(RecordingFault, match="message"):
        finish(started(LobsterRecording(path))[0])


def test_a_recording_without_its_opening_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{DAY}_x_message_10.csv"
    path.write_text(MESSAGES, encoding="ascii")
    with pytest.raises(RecordingFault, match="opening"):
        LobsterRecording(path)


def rows(name: str) -> list[list[str]]:
    with lzma.open(data(env().market_data / "lobster" / name), "rt", encoding="ascii") as file:
        return list(csv.reader(file))


def shown(exchange: Exchange) -> list[int]:
    """Ten levels as LOBSTER writes them."""
    matcher = exchange.boards[1].matcher
    pairs = zip(list(matcher.asks.best_first())[:10], list(matcher.bids.best_first())[:10], strict=True)
    return [cell for ask, bid in pairs for cell in (ask[0] * 100, ask[1], bid[0] * 100, bid[1])]


def test_the_hour_rebuilds_all_ten_levels_at_every_reference_row() -> None:
    hour = f"{DAY}_34200000_37800000_message_50.csv.xz"
    messages, marks = rows(hour), rows(f"{DAY}_first999_message_10.csv.xz")
    exchange, _ = started(LobsterRecording(env().market_data / "lobster" / hour))
    at, equal = 0, 0
    for mark, row in zip(marks, rows(f"{DAY}_first999_orderbook_10.csv.xz"), strict=True):
        found = messages.index(mark, at)
        for _ in range(found - at):
            exchange.step(0)
        at = found
        equal += shown(exchange) == [int(cell) for cell in row]
    assert equal == len(marks) == 999
