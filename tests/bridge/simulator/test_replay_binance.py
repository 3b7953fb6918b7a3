"""The recorded Binance stream rebuilds a book whose top is the exchange's own bookTicker."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.simulator.actions import Place, Print, Pull
from bridge.simulator.board import Board
from bridge.simulator.exchange import Exchange
from bridge.simulator.levels import BookOrder
from bridge.simulator.matching import Mode
from bridge.simulator.replay import RecordingFault, ReplayMarket
from bridge.simulator.replay_binance import BinanceRecording
from tests.bridge.simulator.room import Tape
from tests.needs import data
from tradingmw.env import env
from tradingmw.scaled import to_e8


def depth(first: int, last: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    return {"stream": "s", "data": {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}}


def trade(price: str, quantity: str, *, buyer_is_maker: bool) -> dict[str, Any]:
    return {"stream": "s", "data": {"e": "trade", "s": "BTCUSDT", "p": price, "q": quantity, "m": buyer_is_maker}}


SNAPSHOT = {"lastUpdateId": 12, "bids": [["100.10", "1.5"], ["100.00", "2"]], "asks": [["100.20", "0.00000300"]]}
STREAM = [
    depth(9, 12, [["99.00", "9"]], []),
    SNAPSHOT,
    depth(13, 14, [["100.20", "1"], ["100.00", "0"], ["50.00", "0"]], [["100.20", "0"], ["100.30", "4"]]),
    trade("100.25", "0.00000500", buyer_is_maker=True),
    depth(15, 15, [["100.20", "1"]], []),
]


def written(directory: Path, *lines: dict[str, Any]) -> Path:
    path = directory / "btc.jsonl"
    text = [f"{1_000_000_000 + number * 1_000_000} {json.dumps(line)}\n" for number, line in enumerate(lines)]
    path.write_text("".join(text), encoding="ascii")
    return path


def started(recording: BinanceRecording) -> tuple[Exchange, Tape]:
    tape = Tape()
    exchange = Exchange(ReplayMarket([recording], loop=False), tape)
    exchange.step(0)
    return exchange, tape


def test_tick_and_lot_are_the_finest_steps_that_occur(tmp_path: Path) -> None:
    listing = BinanceRecording(written(tmp_path, *STREAM)).listing(1)
    assert (listing.symbol, listing.exchange, listing.currency) == ("BTCUSDT", "BINANCE", "USDT")
    assert (listing.tick_e8, listing.lot_e8) == (1_000_000, 100)


def test_the_book_opens_with_the_snapshot_and_what_it_contains_is_dropped(tmp_path: Path) -> None:
    recording = BinanceRecording(written(tmp_path, *STREAM))
    exchange, _ = started(recording)
    matcher = exchange.boards[1].matcher
    assert list(matcher.bids.best_first()) == [(10_010, 1_500_000), (10_000, 2_000_000)]
    assert list(matcher.asks.best_first()) == [(10_020, 3)]


def test_what_goes_goes_first_so_that_the_recording_never_trades_with_itself(tmp_path: Path) -> None:
    happenings = list(BinanceRecording(written(tmp_path, *STREAM)).happenings())
    assert happenings[0].operations == (
        Pull((True, to_e8(100))),
        Pull((False, to_e8("100.2"))),
        Place((True, to_e8("100.2")), True, 10_020, 1_000_000),
        Place((False, to_e8("100.3")), False, 10_030, 4_000_000),
    )
    assert happenings[1].operations == (Print(2, to_e8("100.25"), 5),)


def test_an_update_makes_one_book_event_and_none_where_nothing_changes(tmp_path: Path) -> None:
    exchange, tape = started(BinanceRecording(written(tmp_path, *STREAM)))
    while exchange.next_due_us is not None:
        exchange.step(0)
    assert [[row.last for row in event].count(True) for event in tape.events] == [1, 1]
    assert len(tape.trades) == 1


def test_a_user_may_take_a_millionth_of_a_coin(tmp_path: Path) -> None:
    exchange, tape = started(BinanceRecording(written(tmp_path, *STREAM)))
    exchange.boards[1].submit(BookOrder(True, 0, 1, owner="user"), Mode.DROP, 0)
    assert (tape.trades[0].size_e8, tape.quotes[-1].ask_size_e8) == (100, 200)


def test_a_hole_in_the_ids_is_a_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingFault, match="15 is missing"):
        BinanceRecording(written(tmp_path, *STREAM[:3], depth(17, 18, [], [])))


@pytest.mark.parametrize("text", ["", "1 {}\n", "x {}\n", "1 {\n", '1 {"data": {"e": "trade", "p": "NaN"}}\n'])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(text, encoding="ascii")
    with pytest.raises(RecordingFault):
        BinanceRecording(path)


def test_the_top_equals_every_book_ticker() -> None:
    """The first of the updates came while the snapshot was being fetched: 3,448 of them came after it."""
    path = data(env().market_data / "binance" / "spot_btcusdt_20240808.jsonl.xz")
    market = ReplayMarket([BinanceRecording(path)], loop=False)
    board, tops = Board(market.listings[0], Tape()), []
    for number, action in enumerate(market.actions()):
        board.act(action.operations, 0)
        if number and not isinstance(next(iter(action.operations), None), Print):
            tops.append(top(board))
    assert tops == list(expected_tops(path))
    assert len(tops[1:]) == 3_448


def top(board: Board) -> tuple[int, ...]:
    bid, ask = board.matcher.bids.best(), board.matcher.asks.best()
    assert bid < ask
    tick_e8, lot_e8 = board.listing.tick_e8, board.listing.lot_e8
    return bid[0] * tick_e8, bid[1] * lot_e8, ask[0] * tick_e8, ask[1] * lot_e8


def expected_tops(path: Path) -> Iterator[tuple[int, ...]]:
    """For each depth update after the snapshot: the bookTicker with the greatest id not above its own."""
    with lzma.open(path, "rt", encoding="ascii") as file:
        messages = [json.loads(line.partition(" ")[2]) for line in file]
    snapshot_id = next(message["lastUpdateId"] for message in messages if "lastUpdateId" in message)
    payloads = [message["data"] for message in messages if "data" in message]
    tickers = [payload for payload in payloads if "B" in payload]
    position, ticker = 0, None
    for update in (payload for payload in payloads if payload.get("e") == "depthUpdate" and payload["u"] > snapshot_id):
        while position < len(tickers) and tickers[position]["u"] <= update["u"]:
            ticker = tickers[position]
            position += 1
        assert ticker is not None
        yield tuple(to_e8(ticker[name]) for name in "bBaA")
