"""The recorded Coinbase connection rebuilds books whose best prices are those that the exchange told with a trade."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bridge.simulator.actions import Place, Print, Pull
from bridge.simulator.board import Board
from bridge.simulator.exchange import Exchange
from bridge.simulator.levels import BookOrder
from bridge.simulator.matching import Mode
from bridge.simulator.options import recordings
from bridge.simulator.replay import RecordingFault, ReplayMarket
from bridge.simulator.replay_coinbase import coinbase_recordings
from tests.bridge.simulator.room import Tape
from tests.needs import data
from tests.recordings import COINBASE, Levels, coinbase_products, tally, tell
from tradingmw.scaled import text_e8, to_e8

ADDRESS = "wss://feed.example"


def snapshot(product: str, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    return {"type": "snapshot", "product_id": product, "bids": bids, "asks": asks}


def update(product: str, *changes: list[str]) -> dict[str, Any]:
    return {"type": "l2update", "product_id": product, "changes": list(changes), "time": "2021-04-17T16:43:37.077621Z"}


def match(product: str, side: str, price: str, size: str) -> dict[str, Any]:
    return {"type": "match", "product_id": product, "side": side, "price": price, "size": size, "sequence": 7}


CAPTURE = [
    {"type": "subscriptions", "channels": []},
    snapshot("AB-USD", [["10.5", "7.0"], ["10.4", "1.25"]], [["10.6", "0.50"]]),
    {"type": "ticker", "product_id": "AB-USD", "price": "9", "side": "buy", "best_bid": "9", "best_ask": "11"},
    {"type": "last_match", "product_id": "AB-USD", "side": "sell", "size": "3", "price": "9"},
    snapshot("CD-BTC", [["0.00000012", "5"]], [["0.00000013", "0.00000001"]]),
    update("AB-USD", ["sell", "10.6", "0.25"]),
    match("AB-USD", "sell", "10.60", "0.25"),
    update("AB-USD", ["buy", "10.6", "2"], ["sell", "10.6", "0.00"]),
    update("AB-USD", ["buy", "3", "0"]),
    update("CD-BTC", ["buy", "0.00000012", "0"]),
]


def line(number: int, message: dict[str, Any]) -> str:
    return f"{1618677817 + number / 1000:.6f}: {json.dumps(message)}\n"


def written(directory: Path, *messages: dict[str, Any], last: str = "\n\n") -> Path:
    """A capture: what the client did on two lines, then a message each millisecond from line 3 on."""
    path = directory / "COINBASE.ws.1.0"
    text = [f"{ADDRESS} <-> 1618677816.8\n", f"{ADDRESS} <- 1618677816.9: {{}}\n"]
    text += [line(number, message) for number, message in enumerate(messages)]
    path.write_text("".join([*text, last]), encoding="ascii")
    return path


def started(path: Path, *, loop: bool = False) -> tuple[Exchange, Tape]:
    tape = Tape()
    exchange = Exchange(ReplayMarket(recordings((path,)), loop=loop), tape)
    while exchange.next_due_us == 0:
        exchange.step(0)
    return exchange, tape


def finish(exchange: Exchange) -> None:
    while exchange.next_due_us is not None:
        exchange.step(0)


def test_each_product_is_listed_with_the_finest_steps_that_occur(tmp_path: Path) -> None:
    listings = [recording.listing(1) for recording in coinbase_recordings(written(tmp_path, *CAPTURE))]
    assert [(one.symbol, one.exchange, one.currency, one.tick_e8, one.lot_e8) for one in listings] == [
        ("AB-USD", "COINBASE", "USD", 10**7, 10**6),
        ("CD-BTC", "COINBASE", "BTC", 1, 1),
    ]


def test_books_open_with_their_snapshots(tmp_path: Path) -> None:
    exchange, tape = started(written(tmp_path, *CAPTURE))
    matcher = exchange.by_symbol["AB-USD"].matcher
    assert list(matcher.bids.best_first()) == [(105, 700), (104, 125)]
    assert list(matcher.asks.best_first()) == [(106, 50)]
    assert list(exchange.by_symbol["CD-BTC"].matcher.asks.best_first()) == [(13, 1)]
    assert not tape.trades


def test_each_update_and_each_match_happens_at_its_time(tmp_path: Path) -> None:
    first, second = coinbase_recordings(written(tmp_path, *CAPTURE))
    assert [(happening.at_us, *happening.operations) for happening in first.happenings()] == [
        (5_000, Place((False, to_e8("10.6")), False, 106, 25)),
        (6_000, Print(1, to_e8("10.6"), 25)),
        (7_000, Pull((False, to_e8("10.6"))), Place((True, to_e8("10.6")), True, 106, 200)),
        (8_000,),
    ]
    assert [happening.at_us for happening in second.happenings()] == [9_000]


def test_a_match_prints_and_its_own_update_takes_from_the_level(tmp_path: Path) -> None:
    exchange, tape = started(written(tmp_path, *CAPTURE))
    finish(exchange)
    assert [(row.aggressor, row.price_e8, row.size_e8) for row in tape.trades] == [(1, to_e8("10.6"), to_e8("0.25"))]
    assert exchange.by_symbol["AB-USD"].matcher.bids.best() == (106, 200)
    assert exchange.gone == 0


def test_a_level_that_a_user_consumed_is_skipped_and_counted(tmp_path: Path) -> None:
    exchange, tape = started(written(tmp_path, *CAPTURE))
    exchange.by_symbol["CD-BTC"].submit(BookOrder(False, 12, 500_000_000, owner="user"), Mode.REST, 0)
    assert tape.trades[0].size_e8 == to_e8(5)
    finish(exchange)
    assert exchange.gone == 1


def test_a_loop_clears_the_recording_and_keeps_users_orders(tmp_path: Path) -> None:
    exchange, tape = started(written(tmp_path, *CAPTURE), loop=True)
    board = exchange.by_symbol["CD-BTC"]
    board.submit(BookOrder(True, 11, 3, owner="user"), Mode.REST, 0)
    while not (tape.events[-1][0].instrument_id == 2 and tape.events[-1][0].side == 0):
        exchange.step(0)
    assert list(board.matcher.bids.best_first()) == [(12, 500_000_000), (11, 3)]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (update("AB-USD", ["buy", "10.123456789", "1"]), "At most 8 decimal places"),
        (update("AB-USD", ["buy", "10", "0.000000001"]), "At most 8 decimal places"),
        (update("AB-USD", ["buy", "10", "92233720368.54775808"]), "too large"),
        (update("AB-USD", ["buy", "NaN", "1"]), "finite"),
        (update("AB-USD", ["buy", "0", "1"]), "No level has price 0"),
        (update("AB-USD", ["buy", "1", "-1"]), "size -1"),
        (update("AB-USD", ["bid", "1", "1"]), "bid"),
        (update("AB-USD", ["buy", "1"]), "length"),
        (update("XY-USD", ["buy", "1", "1"]), "XY-USD has no snapshot yet"),
        (snapshot("AB-USD", [], []), "second snapshot of AB-USD"),
        (snapshot("", [], []), "no product"),
        (match("AB-USD", "sell", "1", "0"), "No trade has price 1 and size 0"),
    ],
)
def test_what_does_not_fit_is_refused_by_file_and_line(tmp_path: Path, message: dict[str, Any], why: str) -> None:
    path = written(tmp_path, *CAPTURE, message)
    with pytest.raises(RecordingFault, match=why) as fault:
        coinbase_recordings(path)
    assert str(fault.value).startswith(f"{path}, line {2 + len(CAPTURE) + 1}: ")


@pytest.mark.parametrize(
    "last", ["x: {}\n", "1618677817.1 {}\n", "1618677817.1: {\n", "1618677817.1: {}\n", "nan: {}\n"]
)
def test_a_broken_line_is_named(tmp_path: Path, last: str) -> None:
    with pytest.raises(RecordingFault, match="line 13"):
        coinbase_recordings(written(tmp_path, *CAPTURE, last=last))


def test_eight_decimals_with_zeros_behind_them_are_exact(tmp_path: Path) -> None:
    (recording,) = coinbase_recordings(written(tmp_path, snapshot("AB-USD", [["1.1000000000", "0.0000000100"]], [])))
    assert recording.opening() == (Place((True, 110_000_000), True, 11, 1),)


def test_a_file_without_a_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingFault, match="no level2 snapshot"):
        coinbase_recordings(written(tmp_path, CAPTURE[0]))


def test_the_rest_answers_beside_a_capture_are_not_replayed(tmp_path: Path) -> None:
    path = written(tmp_path, *CAPTURE)
    assert len(recordings((tmp_path / "COINBASE.0.xz", path))) == 2
    with pytest.raises(RecordingFault, match="nothing to replay"):
        recordings((tmp_path / "COINBASE.0.xz",))


def test_every_ticker_of_the_capture_confirms_the_book() -> None:
    """97 tickers belong to matches in the capture; the 10 told on subscribing are of trades before it."""
    data(COINBASE)
    products = coinbase_products()
    counts = sum((tally(product.events) for product in products.values()), Counter[str]())
    tell("Coinbase, as recorded", counts)
    assert (counts["events"], counts["told"], counts["confirmed"]) == (9_719, 97, 97)
    assert {name: product.tickers.left for name, product in products.items()} == dict.fromkeys(products, 1)
    assert sum(product.tickers.unbound for product in products.values()) == 0


def test_the_replayed_books_equal_the_recorded_ones_after_every_update() -> None:
    data(COINBASE)
    products = coinbase_products()
    market = ReplayMarket(recordings((COINBASE,)), loop=False)
    boards = {listing.instrument_id: Board(listing, Tape()) for listing in market.listings}
    left = {board.listing.symbol: iter(products[board.listing.symbol].events) for board in boards.values()}
    equal = 0
    for action in market.actions():
        board = boards[action.instrument_id]
        board.act(action.operations, 0)
        if not any(isinstance(operation, Print) for operation in action.operations):
            shown, recorded = levels(board, best=1), next(left[board.listing.symbol]).top
            assert shown == ([(recorded.bid, recorded.bid_size)], [(recorded.ask, recorded.ask_size)])
            equal += 1
    assert equal == 9_719 + len(products)
    assert all(next(events, None) is None for events in left.values())
    assert all(levels(board) == products[board.listing.symbol].book.best() for board in boards.values())
    assert not sum(board.gone for board in boards.values())


def levels(board: Board, best: int | None = None) -> Levels:
    """Bids and asks as text, best first."""
    tick_e8, lot_e8 = board.listing.tick_e8, board.listing.lot_e8
    bids, asks = (
        [(text_e8(ticks * tick_e8), text_e8(units * lot_e8)) for ticks, units in islice(side.best_first(), best)]
        for side in (board.matcher.bids, board.matcher.asks)
    )
    return bids, asks
