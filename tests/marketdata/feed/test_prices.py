"""What is told of last prices after a flush: the newest, and the extremes since the last telling."""

from __future__ import annotations

from bridge.wire.market import Quote, Trade
from bridge.wire.messages import InstrumentSnapshot
from marketdata.feed.prices import LastPrice, LastPrices
from marketdata.feed.quote import QuoteState


def quote(last_e8: int = 0, high_e8: int = 0, low_e8: int = 0) -> QuoteState:
    snapshot = InstrumentSnapshot(instrument_id=1, bids=[], asks=[], last_e8=last_e8, high_e8=high_e8, low_e8=low_e8)
    return QuoteState("AAPL", 1, snapshot, 0)


def trade(prices: LastPrices, state: QuoteState, price_e8: int) -> None:
    state.traded(Trade(1, 1, 1, 1, price_e8, 1))
    prices.note("AAPL", state, price_e8)


def test_an_epoch_begins_with_the_prices_that_stand() -> None:
    prices = LastPrices([("AAPL", quote(7, 9, 5)), ("NEW", quote())])
    assert prices.taken() == {"AAPL": LastPrice(7, 7, 7, 9, 5)}


def test_a_spike_between_two_tellings_is_told() -> None:
    state = quote(7, 8, 6)
    prices = LastPrices([("AAPL", state)])
    prices.taken()
    for price_e8 in (7, 12, 3, 8):
        trade(prices, state, price_e8)
    assert prices.taken() == {"AAPL": LastPrice(8, 12, 3, 12, 3)}
    assert prices.taken() == {}


def test_a_quote_moves_the_last_price_without_moving_the_days_extremes() -> None:
    state = quote(7, 8, 6)
    prices = LastPrices([])
    state.quoted(Quote(1, 1, 1, 1, 2, 1, 9, 1, 1))
    prices.note("AAPL", state, 9)
    assert prices.taken() == {"AAPL": LastPrice(9, 9, 9, 8, 6)}
