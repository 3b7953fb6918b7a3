"""The committed bars are whole."""

from __future__ import annotations

from bridge.simulator.bars import daily_bars


def test_there_are_250_bars_a_symbol_after_the_one_for_the_previous_close() -> None:
    lengths = {symbol: len(bars) for symbol, bars in daily_bars().items()}
    assert lengths == {"AAPL": 251, "MSFT": 251, "GOOG": 251, "FB": 196, "IBM": 251}


def test_every_bar_has_its_prices_between_low_and_high() -> None:
    for bars in daily_bars().values():
        for bar in bars:
            assert bar.low_e8 <= min(bar.open_e8, bar.close_e8) <= max(bar.open_e8, bar.close_e8) <= bar.high_e8
