"""The demo market: a pure function of its seed, around the real bars."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice, pairwise

from bridge.simulator.bars import DailyBar
from bridge.simulator.exchange import Clock, Exchange
from bridge.simulator.market import BAR_US, DemoMarket, Path
from bridge.wire.market import encode_depth, encode_quotes, encode_trades
from tests.bridge.simulator.room import E8, Tape

EVENTS = 10_000


def events(seed: int, wall_steps_us: list[int], most: int = EVENTS) -> bytes:
    """The first events as bytes, when the wall clock is looked at in `wall_steps_us` over and over."""
    tape, now_us, turn = Tape(), 0, 0
    exchange, clock = Exchange(DemoMarket(seed), tape), Clock(0)
    while len(tape.events) < most:
        now_us += wall_steps_us[turn % len(wall_steps_us)]
        turn += 1
        market_us = clock.advance(now_us, held=turn % 5 == 0)
        while (due_us := exchange.next_due_us) is not None and due_us <= market_us:
            exchange.step(due_us)
    depth = [row for event in tape.events[:most] for row in event]
    return encode_depth(depth) + encode_quotes(tape.quotes[:most]) + encode_trades(tape.trades[:1000])


def test_the_same_seed_gives_the_same_bytes_whatever_the_wall_clock() -> None:
    assert events(7, [1_000, 2_345, 60_000]) == events(7, [249_000])


def test_another_seed_gives_another_market() -> None:
    assert events(7, [100_000], 500) != events(8, [100_000], 500)


def run(actions: int) -> tuple[Exchange, Tape]:
    tape = Tape()
    exchange = Exchange(DemoMarket(1), tape)
    for _ in range(actions):
        exchange.step(exchange.next_due_us or 0)
    return exchange, tape


def test_the_quote_always_shows_a_thousand_on_each_side_and_never_crosses() -> None:
    _, tape = run(8_000)
    assert all(min(row.bid_size_e8, row.ask_size_e8) >= 1_000 * E8 for row in tape.quotes)
    assert all(row.bid_e8 < row.ask_e8 for row in tape.quotes)


def test_five_levels_or_more_stand_on_each_side() -> None:
    exchange, _ = run(3)
    for _ in range(3_000):
        exchange.step(0)
        for board in list(exchange.boards.values())[:2]:
            assert len(board.matcher.bids.levels) >= 5
            assert len(board.matcher.asks.levels) >= 5


def test_each_quote_changes_five_times_a_second_or_more() -> None:
    _, tape = run(4_000)
    times: dict[int, list[int]] = defaultdict(list)
    for row in tape.quotes:
        times[row.instrument_id].append(row.ts_us)
    assert len(times) == 5
    assert all(later - earlier <= 200_000 for series in times.values() for earlier, later in pairwise(series))


def test_actions_come_in_time_order() -> None:
    moments = [action.at_us for action in islice(DemoMarket(3).actions(), 5_000)]
    assert moments == sorted(moments)


def test_the_path_goes_open_high_low_close_and_back_without_a_jump() -> None:
    path = Path([DailyBar(100, 130, 90, 110), DailyBar(120, 150, 100, 140)])
    at_seconds = [path.price_e8(second * 1_000_000) for second in (0, 20, 40)]
    assert at_seconds == [100, 130, 90]
    assert path.price_e8(BAR_US - 1) in (109, 110)
    assert path.price_e8(2 * BAR_US) == 140
    assert path.price_e8(3 * BAR_US - 1) == path.price_e8(BAR_US + 1)
    assert path.price_e8(4 * BAR_US) == 100


def test_the_demo_lists_the_symbols_of_the_contract() -> None:
    listings = DemoMarket(1).listings
    assert {(row.symbol, row.exchange) for row in listings} == {
        ("AAPL", "XNAS"),
        ("MSFT", "XNAS"),
        ("GOOG", "XNAS"),
        ("FB", "XNAS"),
        ("IBM", "XNYS"),
    }
    assert {(row.tick_e8, row.lot_e8) for row in listings} == {(E8 // 100, E8)}
    assert all(row.previous_close_e8 for row in listings)
