"""Do the rows of the bench's engine add up to the books that its snapshots show?"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from bench.market_rows import LivingBook, listings
from bridge.books import Book
from bridge.simulator.board import BID
from bridge.simulator.listings import Listing
from bridge.wire.market import Depth, Quote, Trade, encode_depth, encode_quotes, encode_trades

UPDATES = 2_000


class Recorder:
    """A tape that keeps everything."""

    def __init__(self) -> None:
        self.quotes: list[Quote] = []
        self.trades: list[Trade] = []
        self.rows: list[Depth] = []

    def quote(self, listing: Listing, row: Quote) -> None:
        self.quotes.append(row)

    def trade(self, listing: Listing, row: Trade) -> None:
        self.trades.append(row)

    def depth(self, listing: Listing, rows: list[Depth]) -> None:
        self.rows += rows


def lived() -> tuple[LivingBook, Book, Recorder]:
    """A book after many updates, and what a reader makes of its first snapshot and its rows."""
    tape = Recorder()
    living, read = LivingBook(listings(3)[2], Random(1), tape), Book()
    opening = living.snapshot()
    read.load(opening.bids, opening.asks)
    for now_us in range(1, UPDATES + 1):
        living.update(now_us)
    for row in tape.rows:
        (read.bids if row.side == BID else read.asks).set(row.price_e8, row.size_e8)
    return living, read, tape


def test_the_levels_told_make_the_book_of_the_snapshot() -> None:
    living, read, tape = lived()
    shown = living.snapshot()
    assert (read.bids.top(99), read.asks.top(99)) == (shown.bids, shown.asks)
    assert not read.crossed
    assert tape.rows[-1].last


def test_every_update_changes_the_quote_which_is_the_top_of_the_book() -> None:
    living, _, tape = lived()
    tops = [quote[2:6] for quote in tape.quotes]
    assert len(tops) == UPDATES
    assert all(before != after for before, after in pairwise(tops))
    shown = living.snapshot()
    assert tops[-1] == (*shown.bids[0], *shown.asks[0])


def test_the_day_in_the_snapshot_is_that_of_the_trades() -> None:
    living, _, tape = lived()
    shown = living.snapshot()
    assert shown.volume_e8 == sum(trade.size_e8 for trade in tape.trades) > 0
    assert (shown.high_e8, shown.low_e8) == (
        max(trade.price_e8 for trade in tape.trades),
        min(trade.price_e8 for trade in tape.trades),
    )


def test_all_of_it_may_travel() -> None:
    _, _, tape = lived()
    assert encode_quotes(tape.quotes) and encode_trades(tape.trades) and encode_depth(tape.rows)
