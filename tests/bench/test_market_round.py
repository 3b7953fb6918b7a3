"""Does a round that was made beforehand read like a market?"""

from __future__ import annotations

from random import Random
from typing import Any

from bench.market_round import MarketRound
from bench.market_rows import listings
from bridge.wire.envelope import Kind
from bridge.wire.market import read_rows


def rows_of(market: MarketRound, count: int, now_us: int) -> dict[Kind, list[Any]]:
    return {kind: read_rows(kind, payload) for kind, payload in market.told(count, now_us)}


def test_every_update_is_a_quote_of_the_moment_it_is_told() -> None:
    quotes = rows_of(MarketRound(listings(3), Random(1), 100), 50, 1_234)[Kind.QUOTES]
    assert len(quotes) == 50
    assert {quote.ts_us for quote in quotes} == {1_234}
    assert {quote.instrument_id for quote in quotes} == {1, 2, 3}


def test_a_trade_comes_before_the_quote_that_tells_it() -> None:
    market = MarketRound(listings(1), Random(1), 1_000)
    told = [(rows.get(Kind.TRADES), rows[Kind.QUOTES]) for rows in (rows_of(market, 1, at) for at in range(1, 1_001))]
    traded = [(trades[0], quotes[0]) for trades, quotes in told if trades]
    assert len(traded) > 10
    for trade, quote in traded:
        assert (quote.last_e8, quote.last_size_e8, quote.ts_us) == (trade.price_e8, trade.size_e8, trade.ts_us)


def test_it_begins_again_where_it_ends() -> None:
    market = MarketRound(listings(3), Random(1), 100)
    first = rows_of(market, 100, 1)
    assert rows_of(market, 250, 1)[Kind.QUOTES] == [*first[Kind.QUOTES] * 2, *first[Kind.QUOTES][:50]]


def test_nothing_due_is_nothing_told() -> None:
    assert rows_of(MarketRound(listings(3), Random(1), 100), 0, 1) == {}
