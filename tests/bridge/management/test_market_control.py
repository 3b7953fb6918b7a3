"""`manage.py market_control` says what the engine answers, or that there is none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bridge.simulator.market_control import DIRECTORY, ControlRoom, MarketControl
from bridge.wire.vocabulary import ExecType
from tests.bridge.simulator.room import Room, ask
from tradingmw.env import env


@pytest.fixture
def instructions(settings_data_dir: Path) -> Path:
    return settings_data_dir / "engine" / DIRECTORY


@pytest.fixture
def settings_data_dir() -> Path:
    return env().data_dir


@contextmanager
def attended(room: Room, directory: Path) -> Iterator[None]:
    """The engine's side of it, pass after pass."""
    control, stop = ControlRoom(directory, MarketControl(room.desk, room.journal)), threading.Event()

    def passes() -> None:
        while not stop.wait(0.01):
            control.attend(room.now_us)
            room.journal.commit(room.now_us)
            control.answer()

    thread = threading.Thread(target=passes)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def said(*words: str) -> str:
    out = StringIO()
    call_command("market_control", *words, stdout=out)
    return out.getvalue().strip()


def test_an_order_is_entered_filled_corrected_and_broken(tmp_path: Path, instructions: Path) -> None:
    room = Room(tmp_path)
    room.act(ask("a", 10_000, 30))
    with attended(room, instructions):
        assert said("enter", "acc", "phone-1", "AAA", "buy", "30", "100").endswith("is entered.")
        trade = next(each.exec_id for each in room.reports if each.exec_type is ExecType.TRADE)
        assert said("correct", trade, "20", "99.5") == f"{trade} is corrected."
        assert said("bust", trade) == f"{trade} is void."
        with pytest.raises(CommandError, match="void already"):
            said("bust", trade)


def test_without_an_engine_it_says_so_and_leaves_nothing_behind(instructions: Path) -> None:
    with pytest.raises(CommandError, match="No engine"):
        said("--timeout", "0.05", "bust", "1-1")
    assert not list(instructions.glob("*.json"))


@pytest.mark.parametrize("amount", ["0", "-1", "many", "0.123456789"])
def test_amounts_that_are_none_are_refused(amount: str) -> None:
    with pytest.raises(CommandError):
        said("correct", "1-1", amount, "1")
