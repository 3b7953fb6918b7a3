"""Recordings side by side move in time order, once or for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from bridge.simulator.actions import Clear, Operation, Print
from bridge.simulator.listings import Listing
from bridge.simulator.replay import LOOP_PAUSE_US, Happening, RecordingFault, ReplayMarket, lines_of


class Told:
    """A recording of trades at these times."""

    def __init__(self, symbol: str, *at_us: int) -> None:
        self._symbol, self._at_us = symbol, at_us

    def listing(self, instrument_id: int) -> Listing:
        return Listing(instrument_id, self._symbol, "XNAS")

    def opening(self) -> tuple[Operation, ...]:
        return ()

    def happenings(self) -> Iterator[Happening]:
        return (Happening(at_us, (Print(1, 1, 1),)) for at_us in self._at_us)


def times(market: ReplayMarket, count: int) -> list[tuple[int, int, bool]]:
    """When, whose, and whether it is an opening."""
    actions = islice(market.actions(), count)
    return [(one.at_us, one.instrument_id, isinstance(one.operations[0], Clear)) for one in actions]


def test_recordings_are_merged_by_time() -> None:
    market = ReplayMarket([Told("AAA", 5, 30), Told("BBB", 10)], loop=False)
    assert times(market, 9) == [(0, 1, True), (0, 2, True), (5, 1, False), (10, 2, False), (30, 1, False)]


def test_each_begins_again_after_its_own_end() -> None:
    again_us = 5 + LOOP_PAUSE_US
    assert times(ReplayMarket([Told("AAA", 5)], loop=True), 4) == [
        (0, 1, True),
        (5, 1, False),
        (again_us, 1, True),
        (again_us + 5, 1, False),
    ]


def test_a_recorder_whose_clock_stepped_back_does_not_turn_the_order_around() -> None:
    market = ReplayMarket([Told("AAA", 5, 30, 20, 40), Told("BBB", 25)], loop=False)
    assert [at_us for at_us, *_ in times(market, 9)] == [0, 0, 5, 25, 30, 30, 40]


def test_a_symbol_twice_is_refused() -> None:
    with pytest.raises(RecordingFault, match="same symbol"):
        ReplayMarket([Told("AAA"), Told("AAA")], loop=True)


def test_a_file_that_breaks_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.xz"
    path.write_bytes(b"no such format")
    with pytest.raises(RecordingFault, match=r"broken\.xz cannot be read after line 0"):
        list(lines_of(path))
