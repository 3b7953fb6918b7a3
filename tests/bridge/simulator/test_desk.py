"""The life of users' orders: what is reported, in which order, and what trades with whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.simulator.actions import Print, Pull, Take
from bridge.wire.vocabulary import EngineOrderStatus, RejectCode, TimeInForce
from tests.bridge.simulator.room import E8, Room, ask, bid, cancel, replace

CENT = 1_000_000


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def fills(room: Room, name: str) -> list[tuple[int, int]]:
    """(shares, ticks) of each of the order's trades."""
    return [
        (report.last_quantity_e8 // E8, report.last_price_e8 // CENT)
        for report in room.reports
        if report.client_order_id == name and report.last_quantity_e8
    ]


def test_reports_are_numbered_without_holes_and_never_share_an_id(room: Room) -> None:
    room.act(ask("a", 10_000, 50))
    room.new("x")
    room.send(cancel("x"))
    assert [report.seq for report in room.reports] == [1, 2, 3]
    assert len({report.exec_id for report in room.reports}) == 3
    assert {report.epoch for report in room.reports} == {room.log.epoch}


def test_a_limit_order_trades_what_it_can_and_rests_with_the_rest(room: Room) -> None:
    room.act(ask("a", 9_999, 30), ask("b", 10_001, 30))
    room.new("x", quantity=100, price=10_000)
    assert fills(room, "x") == [(30, 9_999)]
    assert room.book() == ([(10_000, 70)], [(10_001, 30)])
    last = room.reports[-1]
    assert (last.status, last.cum_quantity_e8, last.leaves_quantity_e8) == ("partially_filled", 30 * E8, 70 * E8)


def test_a_market_order_takes_what_is_there_and_the_rest_is_cancelled(room: Room) -> None:
    room.act(ask("a", 10_000, 30), ask("b", 10_005, 30))
    room.new("x", quantity=100, price=None)
    assert fills(room, "x") == [(30, 10_000), (30, 10_005)]
    assert room.said("x") == ["new", "trade", "trade", "canceled"]
    assert room.reports[-1].code is RejectCode.NO_LIQUIDITY
    assert room.book() == ([], [])


def test_fill_or_kill_does_all_or_nothing(room: Room) -> None:
    room.act(ask("a", 10_000, 30))
    room.new("big", quantity=31, time_in_force=TimeInForce.FOK)
    room.new("fits", quantity=30, time_in_force=TimeInForce.FOK)
    assert room.said("big") == ["new", "canceled"]
    assert room.said("fits") == ["new", "trade"]


def test_immediate_or_cancel_never_rests(room: Room) -> None:
    room.act(ask("a", 10_000, 30))
    room.new("x", quantity=31, time_in_force=TimeInForce.IOC)
    assert room.said("x") == ["new", "trade", "canceled"]
    assert room.book() == ([], [])


def test_a_user_stands_behind_the_makers_and_is_filled_in_parts(room: Room) -> None:
    room.act(bid("maker", 10_000, 100))
    room.new("x", "buy", 50, 10_000)
    room.act(Take(False, 60))
    assert fills(room, "x") == []
    room.act(Take(False, 60))
    assert fills(room, "x") == [(20, 10_000)]
    room.act(Take(False, 60))
    assert room.said("x") == ["new", "trade", "trade"]
    assert room.reports[-1].status is EngineOrderStatus.FILLED


def test_two_users_trade_with_each_other_and_both_are_told(room: Room) -> None:
    room.new("seller", "sell", 40, 10_000)
    room.new("buyer", "buy", 50, 10_010)
    assert fills(room, "seller") == fills(room, "buyer") == [(40, 10_000)]


def test_makers_who_run_into_a_users_order_trade_at_his_price(room: Room) -> None:
    room.new("x", "buy", 50, 10_000)
    room.act(ask("maker", 9_990, 80))
    assert fills(room, "x") == [(50, 10_000)]
    assert room.book() == ([], [(9_990, 30)])


def test_a_replace_to_less_keeps_the_place(room: Room) -> None:
    room.new("first", quantity=50)
    room.new("second", quantity=50)
    room.send(replace("first", quantity_e8=30 * E8))
    room.act(Take(False, 40))
    assert (fills(room, "first"), fills(room, "second")) == ([(30, 10_000)], [(10, 10_000)])


@pytest.mark.parametrize("change", [{"quantity_e8": 60 * E8}, {"price_e8": 9_999 * CENT}])
def test_a_replace_to_more_or_another_price_goes_to_the_back(room: Room, change: dict[str, int]) -> None:
    room.new("first", quantity=50)
    room.new("second", quantity=50)
    room.send(replace("first", **change))
    room.act(Take(False, 50))
    assert (fills(room, "first"), fills(room, "second")) == ([], [(50, 10_000)])


def test_a_replace_may_trade_at_once(room: Room) -> None:
    room.act(ask("a", 10_005, 30))
    room.new("x", quantity=50, price=10_000)
    room.send(replace("x", price_e8=10_005 * CENT))
    assert room.said("x") == ["new", "replaced", "trade"]
    assert room.book() == ([(10_005, 20)], [])


def test_a_replaced_total_counts_what_was_filled_before(room: Room) -> None:
    room.act(ask("a", 10_000, 30))
    room.new("x", quantity=50)
    room.send(replace("x", quantity_e8=40 * E8))
    assert room.book() == ([(10_000, 10)], [])
    assert room.reports[-1].leaves_quantity_e8 == 10 * E8


def test_a_stop_waits_for_its_price_and_then_takes_the_market(room: Room) -> None:
    room.act(bid("b", 9_990, 200), ask("a", 10_010, 200))
    room.new("x", "sell", 50, None, stop=9_995)
    room.act(Take(True, 10))
    assert room.said("x") == ["new"]
    room.act(Take(False, 10))
    assert fills(room, "x") == [(50, 9_990)]


def test_a_stop_limit_rests_at_its_limit_once_triggered(room: Room) -> None:
    room.act(bid("b", 9_990, 20))
    room.new("x", "sell", 50, 9_992, stop=9_995)
    assert room.book()[1] == []
    room.act(Take(False, 10))
    assert room.book()[1] == [(9_992, 50)]
    assert room.said("x") == ["new"]


def test_a_print_off_the_book_triggers_stops_too(room: Room) -> None:
    room.act(ask("a", 10_010, 200))
    room.new("x", "buy", 50, None, stop=10_000)
    room.act(Print(1, 10_000 * CENT, 1))
    assert fills(room, "x") == [(50, 10_010)]


def test_one_stop_may_trigger_the_next(room: Room) -> None:
    room.act(bid("b", 9_990, 10), bid("c", 9_980, 10), bid("d", 9_970, 10), Print(0, 10_000 * CENT, 1))
    room.new("second", "sell", 10, None, stop=9_985)
    room.new("first", "sell", 10, None, stop=9_995)
    room.act(Take(False, 5))
    assert fills(room, "first") == [(5, 9_990), (5, 9_980)]
    assert fills(room, "second") == [(5, 9_980), (5, 9_970)]


def test_a_cancelled_stop_stays_silent(room: Room) -> None:
    room.act(bid("b", 9_990, 200))
    room.new("x", "sell", 50, None, stop=9_995)
    room.send(cancel("x"))
    room.act(Take(False, 10))
    assert room.said("x") == ["new", "canceled"]


def test_a_good_till_date_order_expires_at_its_date(room: Room) -> None:
    room.new("x", time_in_force=TimeInForce.GTD, expires_at_us=5_000)
    room.desk.expire(4_999)
    assert room.said("x") == ["new"]
    room.desk.expire(5_000)
    assert room.said("x") == ["new", "expired"]
    assert room.book() == ([], [])


def test_the_market_never_pulls_a_users_order(room: Room) -> None:
    room.act(bid("b", 10_000, 10))
    room.new("x", quantity=50)
    room.act(Pull("b"))
    assert room.book() == ([(10_000, 50)], [])
