"""Does a reconciliation find what differs, leave alone what does not, and keep new orders waiting meanwhile?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import OrderListRequest, OrderStatusRequest
from bridge.wire.vocabulary import EngineOrderStatus, ExecType
from orders.core.book import Phase
from orders.core.comparison import Cause, Finding, Kind, Run, RunOutcome
from orders.core.inputs import LinkDown, Reconcile, StatusTold, Tick, Ticket
from orders.core.outcomes import OrderReply, ReconcileReply
from orders.core.state import OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import ReconcileOrders
from tests.orders.core.desk import E8, EPOCH, SECOND_US, Desk, as_listed, refusal_code

OPERATOR = Reconcile(Ticket(b"web", 9), ReconcileOrders(request_id=9, deadline_us=0))


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def asked(desk: Desk) -> Run:
    """A run that somebody has asked for; its first page is under way."""
    desk.do(OPERATOR)
    assert desk.book.run is not None
    return desk.book.run


def found(desk: Desk) -> list[tuple[Kind, Finding]]:
    return [(each.suspect.kind, each.finding) for draft in desk.drafts for each in draft.differences]


def ended(desk: Desk) -> Run:
    return [run for draft in desk.drafts for run in draft.runs.values() if run.ended_us][-1]


def told(desk: Desk, order: OrderState, status: EngineOrderStatus | None, **fields: Any) -> None:
    desk.do(StatusTold(desk.status(desk.now(order), status, **fields)))


# --- nothing differs -----------------------------------------------------------------------------------------------
def test_where_both_sides_agree_nothing_is_asked_and_nothing_changes(desk: Desk) -> None:
    orders = [desk.acknowledged(f"a-{number}") for number in range(3)]
    asked(desk)
    events, sent = len(desk.history), len(desk.sent)
    desk.do(desk.page(orders))
    assert (len(desk.history), len(desk.sent)) == (events, sent)
    assert (ended(desk).here, ended(desk).engine, ended(desk).outcome) == (3, 3, RunOutcome.DONE)


def test_an_order_that_the_engine_has_not_confirmed_is_no_difference(desk: Desk) -> None:
    desk.place()
    asked(desk)
    desk.do(desk.page([]))
    assert (found(desk), ended(desk).outcome) == ([], RunOutcome.DONE)


def test_a_wanted_cancel_or_change_under_way_is_no_difference(desk: Desk) -> None:
    standing, leaving = desk.acknowledged("a-1"), desk.acknowledged("a-2")
    desk.replace(standing, quantity_e8=50 * E8)
    desk.do(desk.cancel_input(leaving.id))
    asked(desk)
    desk.do(desk.page([desk.now(standing), desk.now(leaving)]))
    assert found(desk) == []


# --- pages ---------------------------------------------------------------------------------------------------------
def test_a_long_list_is_read_page_by_page_and_each_page_covers_its_own_orders(desk: Desk) -> None:
    orders = sorted((desk.acknowledged(f"a-{number}") for number in range(4)), key=lambda order: order.id)
    asked(desk)
    desk.do(desk.page(orders[:2], complete=False))
    assert desk.last(OrderListRequest).after == orders[1].id
    assert found(desk) == []
    desk.do(desk.page(orders[2:]))
    assert (ended(desk).here, ended(desk).engine) == (4, 4)


@pytest.mark.parametrize("seq", [+1, -1], ids=["ahead of the reports", "behind them"])
def test_a_page_of_another_moment_proves_nothing_and_is_asked_for_again(desk: Desk, seq: int) -> None:
    desk.acknowledged("a-1")
    desk.acknowledged("a-2")
    asked(desk)
    desk.do(desk.page([], last_seq=desk.book.cursor.seq + seq))
    assert found(desk) == []
    before = desk.last(OrderListRequest).command_seq
    desk.now_us += SECOND_US
    desk.do(Tick())
    assert desk.last(OrderListRequest).command_seq > before


def test_a_page_that_was_not_asked_for_is_counted_and_ignored(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    page = desk.page([order])
    desk.do(page)
    assert desk.do(page).counts["unmatched_lists"] == 1
    assert found(desk) == []


def test_a_page_that_never_comes_is_asked_for_again(desk: Desk) -> None:
    asked(desk)
    before = desk.last(OrderListRequest).command_seq
    desk.now_us += 2 * SECOND_US
    desk.do(Tick())
    assert desk.last(OrderListRequest).command_seq > before


# --- differences ---------------------------------------------------------------------------------------------------
def test_an_order_that_ended_there_unheard_is_settled_by_its_status(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    desk.do(desk.page([]))
    assert desk.last(OrderStatusRequest).order_id == order.id
    told(desk, order, EngineOrderStatus.CANCELED)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert found(desk) == [(Kind.NOT_AT_ENGINE, Finding.REPAIRED)]


def test_an_order_that_a_later_life_does_not_know_is_lost_and_its_fills_are_kept(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    desk.do(LinkDown("restarted"))
    desk.go_live(epoch=EPOCH + 1, forgetful=True)
    told(desk, order, None, epoch=EPOCH + 1, last_seq=0)
    now = desk.now(order)
    assert (now.status, now.reason, now.filled_e8) == (OrderStatus.CANCELED, "ENGINE_LOST", 40 * E8)
    assert (found(desk), ended(desk).cause) == ([(Kind.NOT_AT_ENGINE, Finding.REPAIRED)], Cause.NEW_EPOCH)


def test_an_order_that_is_denied_in_the_life_that_acknowledged_it_is_flagged(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    desk.do(desk.page([]))
    told(desk, order, None)
    assert desk.now(order).status is OrderStatus.NEW
    assert found(desk) == [(Kind.NOT_AT_ENGINE, Finding.FLAGGED)]


def test_fills_that_no_report_told_are_flagged_and_not_invented(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    theirs = replace(order, filled_e8=40 * E8)
    desk.do(desk.page([theirs]))
    told(desk, order, EngineOrderStatus.PARTIALLY_FILLED, cum_quantity_e8=40 * E8, leaves_quantity_e8=60 * E8)
    assert desk.now(order).filled_e8 == 0
    assert found(desk) == [(Kind.OTHER_FILLS, Finding.FLAGGED)]


def test_other_terms_are_taken_over_with_an_alarm_they_are_what_trades(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    desk.do(desk.page([replace(order, quantity_e8=70 * E8)]))
    told(desk, order, EngineOrderStatus.NEW, leaves_quantity_e8=70 * E8)
    assert desk.now(order).quantity_e8 == 70 * E8
    assert desk.events(order)[-1] is OrderEvent.REPLACED
    assert found(desk) == [(Kind.OTHER_TERMS, Finding.REPAIRED)]
    assert desk.drafts[-1].alarms


def test_what_agrees_when_it_is_asked_for_again_is_gone_and_unchanged(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    desk.do(desk.page([replace(order, quantity_e8=70 * E8)]))
    told(desk, order, EngineOrderStatus.NEW)
    assert found(desk) == [(Kind.OTHER_TERMS, Finding.GONE)]
    assert desk.now(order) == order


def test_orders_of_the_engine_that_are_not_ours_are_flagged_with_an_alarm(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    stranger = replace(order, id=desk.place_input().order_id, client_order_id="theirs")
    desk.do(desk.page([order, stranger]))
    assert found(desk) == [(Kind.NOT_HERE, Finding.FLAGGED)]
    assert (ended(desk).flagged, bool(desk.drafts[-1].alarms)) == (1, True)


def test_an_order_that_ended_here_and_stands_there_is_flagged(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(desk.report(order, ExecType.CANCELED))
    asked(desk)
    desk.do(desk.page([order]))
    assert found(desk) == [(Kind.ENDED_HERE, Finding.FLAGGED)]
    assert desk.now(order).status is OrderStatus.CANCELED


def test_another_order_under_the_same_id_is_flagged(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    page = desk.page([order])
    page = page._replace(page=replace(page.page, orders=[replace(as_listed(order), account="somebody")]))
    desk.do(page)
    assert found(desk) == [(Kind.OTHER_IDENTITY, Finding.FLAGGED)]


def test_an_order_that_ends_while_it_is_suspect_is_settled_by_its_report(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    desk.do(desk.page([replace(order, quantity_e8=70 * E8)]))
    desk.do(desk.report(order, ExecType.CANCELED))
    assert found(desk) == [(Kind.OTHER_TERMS, Finding.REPAIRED)]
    assert desk.book.link.phase is Phase.LIVE


def test_a_status_of_another_moment_settles_no_difference(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.acknowledged("a-2")
    asked(desk)
    desk.do(desk.page([desk.now(order), desk.orders[list(desk.orders)[1]]]))
    asked(desk)
    desk.do(desk.page([replace(order, quantity_e8=70 * E8), desk.orders[list(desk.orders)[1]]]))
    told(desk, order, EngineOrderStatus.NEW, leaves_quantity_e8=70 * E8, last_seq=desk.book.cursor.seq - 1)
    assert (found(desk), desk.now(order).quantity_e8) == ([], order.quantity_e8)


# --- when ----------------------------------------------------------------------------------------------------------
def test_new_orders_wait_for_the_end_and_cancels_do_not(desk: Desk) -> None:
    orders = [desk.acknowledged(f"a-{number}") for number in range(2)]
    desk.do(LinkDown("gone"))
    desk.go_live(last_seq=2, forgetful=True)
    assert refusal_code(desk.do(desk.place_input("a-9"))) == "ENGINE_UNAVAILABLE"
    (reply,) = desk.do(desk.cancel_input(orders[0].id)).replies
    assert isinstance(reply, OrderReply) and reply.order.status is OrderStatus.PENDING_CANCEL
    for order in orders:
        told(desk, order, EngineOrderStatus.CANCELED)
    assert desk.place("a-9").status is OrderStatus.PENDING_NEW


def test_while_the_link_is_live_new_orders_wait_only_for_what_differs(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    assert desk.place("a-2").status is OrderStatus.PENDING_NEW
    desk.do(desk.page([]))
    assert refusal_code(desk.do(desk.place_input("a-3"))) == "ENGINE_UNAVAILABLE"
    told(desk, order, None)
    assert desk.place("a-3").status is OrderStatus.PENDING_NEW


def test_it_begins_at_the_start_after_a_reconnect_and_in_a_new_epoch(desk: Desk) -> None:
    desk.do(LinkDown("gone"))
    desk.go_live()
    desk.do(LinkDown("gone"))
    desk.go_live(epoch=EPOCH + 1)
    causes = [run.cause for draft in desk.drafts for run in draft.runs.values() if run.ended_us]
    assert causes == [Cause.START, Cause.RECONNECT, Cause.NEW_EPOCH]


def test_a_lost_link_gives_the_run_up_and_the_next_finds_the_rest(desk: Desk) -> None:
    order = desk.acknowledged()
    asked(desk)
    desk.do(desk.page([]))
    desk.do(LinkDown("gone"))
    assert (ended(desk).outcome, desk.book.suspects) == (RunOutcome.ABANDONED, {})
    desk.go_live(last_seq=1, forgetful=True)
    told(desk, order, EngineOrderStatus.EXPIRED)
    assert found(desk) == [(Kind.NOT_AT_ENGINE, Finding.REPAIRED)]


def test_it_is_repeated_while_the_link_is_live() -> None:
    desk = Desk()
    desk.book.reconcile_every_us = 60 * SECOND_US
    desk.go_live()
    desk.now_us += 59 * SECOND_US
    desk.do(Tick())
    assert desk.book.run is None
    desk.now_us += SECOND_US
    desk.do(Tick())
    assert desk.book.run is not None and desk.book.run.cause is Cause.PERIODIC


def test_whoever_asks_is_told_the_run_that_is_under_way(desk: Desk) -> None:
    run = asked(desk)
    (reply,) = desk.do(OPERATOR).replies
    assert isinstance(reply, ReconcileReply) and reply.run == run.id


def test_without_a_link_nobody_can_ask(desk: Desk) -> None:
    desk.do(LinkDown("gone"))
    assert refusal_code(desk.do(OPERATOR)) == "ENGINE_UNAVAILABLE"
