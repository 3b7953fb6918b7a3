"""What do a bust, a correction and an order by telephone do, and are they known after a crash?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.simulator.market_control import Bust, ControlRoom, Correct, EnterOrder, MarketControl, instruct
from bridge.simulator.refusals import Refusal
from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, Side
from tests.bridge.simulator.room import E8, Room, ask, order_id

CENT = 1_000_000
ANSWERS = 200
FILLED, CANCELED = EngineOrderStatus.FILLED, EngineOrderStatus.CANCELED


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """100 wanted at 100.00, 30 of them traded."""
    room = Room(tmp_path)
    room.act(ask("a", 10_000, 30))
    return entered(room, "x", 100)


def entered(room: Room, name: str, quantity: int) -> Room:
    order = EnterOrder(
        order_id=order_id(name),
        account="acc",
        client_order_id=name,
        symbol="AAA",
        side=Side.BUY,
        quantity_e8=quantity * E8,
        price_e8=10_000 * CENT,
    )
    control(room).do(order, room.now_us)
    room.journal.commit(room.now_us)
    return room


def control(room: Room) -> MarketControl:
    return MarketControl(room.desk, room.journal)


def trade(room: Room) -> str:
    (traded,) = [report for report in room.reports if report.exec_type is ExecType.TRADE]
    return traded.exec_id


def quantities(report: ExecutionReport) -> tuple[int, int, int]:
    """Total, filled, open."""
    return report.quantity_e8 // E8, report.cum_quantity_e8 // E8, report.leaves_quantity_e8 // E8


def test_what_is_void_does_not_come_back_to_the_book(room: Room) -> None:
    control(room).do(Bust(exec_id=trade(room)), room.now_us)
    told = room.reports[-1]
    assert (told.exec_type, told.ref_exec_id) == (ExecType.TRADE_CANCEL, trade(room))
    assert (told.status, quantities(told)) == (EngineOrderStatus.NEW, (70, 0, 70))
    assert room.book()[0] == [(10_000, 70)]


def test_a_filled_order_of_which_a_trade_is_void_has_ended(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.act(ask("a", 10_000, 30))
    entered(room, "x", 30)
    assert room.reports[-1].status is FILLED
    control(room).do(Bust(exec_id=trade(room)), room.now_us)
    assert (room.reports[-1].status, quantities(room.reports[-1])) == (CANCELED, (30, 0, 0))


def test_a_correction_tells_the_size_and_price_that_should_have_been(room: Room) -> None:
    control(room).do(Correct(exec_id=trade(room), quantity_e8=20 * E8, price_e8=9_990 * CENT), room.now_us)
    told = room.reports[-1]
    assert (told.exec_type, told.last_quantity_e8, told.last_price_e8) == (
        ExecType.TRADE_CORRECT,
        20 * E8,
        9_990 * CENT,
    )
    assert (told.status, quantities(told)) == (EngineOrderStatus.PARTIALLY_FILLED, (90, 20, 70))


def test_a_correction_is_broken_under_either_id(room: Room) -> None:
    control(room).do(Correct(exec_id=trade(room), quantity_e8=20 * E8, price_e8=9_990 * CENT), room.now_us)
    room.journal.commit(room.now_us)
    correction = room.reports[-1].exec_id
    control(room).do(Bust(exec_id=trade(room)), room.now_us)
    assert room.reports[-1].ref_exec_id == correction
    assert quantities(room.reports[-1]) == (70, 0, 70)
    with pytest.raises(Refusal, match="void already"):
        control(room).do(Bust(exec_id=correction), room.now_us)


@pytest.mark.parametrize("name", ["no-such", "1-1", "9999999-1", "1000-1"])
def test_what_was_no_trade_cannot_be_broken(room: Room, name: str) -> None:
    with pytest.raises(Refusal, match="no trade"):
        control(room).do(Bust(exec_id=name), room.now_us)


def test_after_a_crash_it_is_all_known(room: Room) -> None:
    traded = trade(room)
    control(room).do(Bust(exec_id=traded), room.now_us)
    room.journal.commit(room.now_us)
    second = Room(room.journal.path.parent, now_us=2_000)
    assert second.book()[0] == [(10_000, 70)]
    with pytest.raises(Refusal, match="void already"):
        control(second).do(Bust(exec_id=traded), second.now_us)
    with pytest.raises(Refusal, match="is taken"):
        entered(second, "x", 100)


def test_instructions_are_done_one_at_a_time_and_answered_when_they_are_durable(room: Room, tmp_path: Path) -> None:
    desk = ControlRoom(tmp_path / "control", control(room))
    first = instruct(tmp_path / "control", Bust(exec_id=trade(room)))
    second = instruct(tmp_path / "control", Bust(exec_id=trade(room)))
    desk.attend(room.now_us)
    assert not first.exists()
    room.journal.commit(room.now_us)
    desk.answer()
    assert first.read_text(encoding="utf-8") == f"{trade(room)} is void."
    assert not second.exists()
    desk.attend(room.now_us)
    desk.answer()
    assert second.read_text(encoding="utf-8") == f"Refused: {trade(room)} is void already."


def test_what_cannot_be_read_is_refused(room: Room, tmp_path: Path) -> None:
    desk = ControlRoom(tmp_path / "control", control(room))
    (tmp_path / "control" / "1.json").write_text('{"do": "close the market"}', encoding="utf-8")
    desk.attend(room.now_us)
    desk.answer()
    assert (tmp_path / "control" / "1.said").read_text(encoding="utf-8").startswith("Refused: ")


def test_an_answer_is_whole_as_soon_as_it_is_there(room: Room, tmp_path: Path) -> None:
    desk, seen = ControlRoom(tmp_path / "control", control(room)), []
    said = [instruct(tmp_path / "control", Bust(exec_id=f"none-{number}")) for number in range(ANSWERS)]

    def look() -> None:
        for path in said:
            while not path.exists():
                pass
            seen.append(path.read_text(encoding="utf-8"))

    with ThreadPoolExecutor(1) as other:
        looking = other.submit(look)
        for _ in said:
            desk.attend(room.now_us)
            desk.answer()
        looking.result(timeout=60)
    assert seen == [f"Refused: none-{number} is no trade of this engine." for number in range(ANSWERS)]
