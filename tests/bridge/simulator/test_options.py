"""Which market the command line makes, and which words make none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.simulator.market import DemoMarket
from bridge.simulator.options import EngineOptions, market_of, recordings
from bridge.simulator.replay import RecordingFault
from bridge.simulator.synthetic import SyntheticMarket


def test_the_demo_market_is_the_default() -> None:
    assert isinstance(market_of(EngineOptions()), DemoMarket)


def test_symbols_make_a_synthetic_market() -> None:
    market = market_of(EngineOptions(symbols=7, rate=10))
    assert isinstance(market, SyntheticMarket)
    assert len(market.listings) == 7


@pytest.mark.parametrize(
    "options",
    [
        EngineOptions(symbols=1, replay=(Path("x"),)),
        EngineOptions(symbols=-1),
        EngineOptions(rate=0),
        EngineOptions(speed=0),
        EngineOptions(speed=float("nan")),
    ],
)
def test_impossible_values_are_named(options: EngineOptions) -> None:
    assert len(options.faults()) == 1


def test_sensible_values_are_fine() -> None:
    assert EngineOptions(seed=3, symbols=200, rate=10_000, speed=10).faults() == []


@pytest.mark.parametrize("name", ["AAPL_2012_orderbook_10.csv", "prices.txt", "AAPL_2012_message_10.csv", "x.jsonl.xz"])
def test_what_cannot_be_replayed_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingFault):
        recordings((tmp_path / name,))
