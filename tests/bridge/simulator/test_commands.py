"""How commands are answered: accepted, refused with the reason, or known already."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.wire.codec import decode_from_engine, encode
from bridge.wire.limits import MAX_OPEN_ORDERS
from bridge.wire.messages import OrderList, OrderListRequest
from bridge.wire.vocabulary import EngineOrderStatus, MassCancelScope, RejectCode, ReplyOutcome, TimeInForce
from tests.bridge.simulator.room import E8, Room, cancel, mass_cancel, new_order, order_id, replace, status

CENT = 1_000_000


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_an_accepted_order_names_its_external_id_and_the_last_report(room: Room) -> None:
    reply = room.new("x")
    assert (reply.outcome, reply.last_seq) == (ReplyOutcome.ACCEPTED, 1)
    assert reply.external_order_id == room.reports[0].external_order_id


def test_the_same_client_order_id_is_never_done_twice(room: Room) -> None:
    first = room.new("x", quantity=50)
    again = room.new("x", quantity=70)
    assert again.outcome is ReplyOutcome.DUPLICATE
    assert again.external_order_id == first.external_order_id
    assert room.book() == ([(10_000, 50)], [])


def test_another_account_may_use_the_same_client_order_id(room: Room) -> None:
    room.new("x")
    assert room.new("x", account="other").outcome is ReplyOutcome.ACCEPTED


def test_a_late_repeat_is_a_duplicate_and_not_late(room: Room) -> None:
    room.new("x")
    room.now_us = 5_000
    assert room.new("x", deadline_us=4_999).outcome is ReplyOutcome.DUPLICATE


@pytest.mark.parametrize(
    "command",
    [
        new_order("new", deadline_us=999),
        cancel("x", deadline_us=999),
        replace("x", quantity_e8=E8, deadline_us=999),
        status("x", deadline_us=999),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_command_past_its_deadline_is_refused_and_never_done(room: Room, command: object) -> None:
    room.new("x")
    reply = room.send(command)
    assert (reply.outcome, reply.code) == (ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
    assert room.said("x") == ["new"]
    assert not room.send(status("new")).known


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"price_e8": 10_000 * CENT + 1}, RejectCode.OFF_TICK),
        ({"quantity_e8": E8 + 1}, RejectCode.OFF_LOT),
        ({"quantity_e8": 10**17 + E8}, RejectCode.INVALID_ORDER),
        ({"time_in_force": TimeInForce.GTD, "expires_at_us": 1}, RejectCode.INVALID_ORDER),
    ],
)
def test_an_order_that_cannot_be_is_rejected_and_never_was_one(room: Room, more: dict, code: RejectCode) -> None:  # type: ignore[type-arg]
    reply = room.new("x", **more)
    assert (reply.outcome, reply.code) == (ReplyOutcome.REJECTED, code)
    assert (room.reports, room.send(status("x")).known) == ([], False)
    assert room.new("x").outcome is ReplyOutcome.ACCEPTED


def test_an_unknown_instrument_is_refused_and_leaves_no_trace(room: Room) -> None:
    assert room.new("x", instrument_id=99).code is RejectCode.UNKNOWN_INSTRUMENT
    assert (room.reports, room.send(status("x")).known) == ([], False)


def test_a_cancel_ends_the_order_once(room: Room) -> None:
    room.new("x")
    assert room.send(cancel("x")).outcome is ReplyOutcome.ACCEPTED
    assert room.send(cancel("x")).code is RejectCode.ORDER_FINAL
    assert room.said("x") == ["new", "canceled"]


def test_a_cancel_of_what_was_never_here_says_so(room: Room) -> None:
    assert room.send(cancel("x")).code is RejectCode.UNKNOWN_ORDER
    room.new("x")
    assert room.send(cancel("x", order_id=order_id("y"))).code is RejectCode.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price_e8": 1}, RejectCode.OFF_TICK),
        ({"stop_price_e8": CENT}, RejectCode.INVALID_ORDER),
        ({"quantity_e8": E8 // 2}, RejectCode.OFF_LOT),
    ],
)
def test_a_replace_that_cannot_be_changes_nothing(room: Room, change: dict[str, int], code: RejectCode) -> None:
    room.new("x")
    assert room.send(replace("x", **change)).code is code
    assert room.said("x") == ["new"]


def test_a_mass_cancel_ends_exactly_its_scope(room: Room) -> None:
    room.new("a1", account="a", desk="alpha")
    room.new("a2", account="a", desk="beta")
    room.new("b1", account="b", desk="alpha", instrument_id=2)
    assert room.send(mass_cancel(MassCancelScope.SYMBOL, "BBB")).canceled == 1
    assert room.send(mass_cancel(MassCancelScope.DESK, "alpha")).canceled == 1
    assert room.send(mass_cancel(MassCancelScope.ACCOUNT, "b")).canceled == 0
    assert room.send(mass_cancel(MassCancelScope.FIRM)).canceled == 1
    assert [room.said(name) for name in ("a1", "a2", "b1")] == [["new", "canceled"]] * 3


def test_a_status_says_what_is_held(room: Room) -> None:
    room.new("x", quantity=50)
    held, unknown = room.send(status("x")), room.send(status("y"))
    assert (held.known, held.status, held.leaves_quantity_e8) == (True, EngineOrderStatus.NEW, 50 * E8)
    assert (unknown.known, unknown.status, unknown.last_seq) == (False, None, 1)


def test_a_status_says_the_terms_after_a_change(room: Room) -> None:
    room.new("x", quantity=50, price=10_000)
    room.send(replace("x", quantity_e8=80 * E8, price_e8=9_990 * CENT))
    held = room.send(status("x"))
    assert (held.leaves_quantity_e8, held.price_e8, held.stop_price_e8) == (80 * E8, 9_990 * CENT, None)


def test_every_answer_can_be_sent(room: Room) -> None:
    answers = [room.new("x"), room.new("x"), room.send(cancel("y")), room.send(status("x")), room.send(status("y"))]
    for answer in answers:
        assert decode_from_engine(encode(answer)) == answer


def listed(room: Room, after: str | None = None) -> OrderList:
    behind = order_id(after) if after else None
    answer = room.send(OrderListRequest(session=1, command_seq=9, deadline_us=10**15, after=behind))
    assert isinstance(answer, OrderList)
    return answer


def test_the_open_orders_are_listed_as_they_stand_by_their_ids(room: Room) -> None:
    for name in ("x", "y", "z"):
        room.new(name)
    room.new("taker", side="sell", quantity=30)
    room.send(cancel("y"))
    answer = listed(room)
    assert [each.order_id for each in answer.orders] == sorted([order_id("x"), order_id("z")])
    assert {each.client_order_id: each.cum_quantity_e8 for each in answer.orders} == {"x": 30 * E8, "z": 0}
    assert (answer.complete, answer.last_seq) == (True, len(room.reports))


def test_a_long_list_comes_in_pages_that_leave_nothing_out(room: Room) -> None:
    names = [f"n-{number}" for number in range(MAX_OPEN_ORDERS + 3)]
    for name in names:
        room.new(name)
    first = listed(room)
    assert (len(first.orders), first.complete) == (MAX_OPEN_ORDERS, False)
    rest = listed(room, first.orders[-1].client_order_id)
    assert (len(rest.orders), rest.complete) == (3, True)
    assert {each.client_order_id for each in [*first.orders, *rest.orders]} == set(names)


def test_a_list_asked_for_too_late_is_refused(room: Room) -> None:
    room.now_us = 5_000
    reply = room.send(OrderListRequest(session=1, command_seq=9, deadline_us=4_999))
    assert (reply.outcome, reply.code) == (ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
