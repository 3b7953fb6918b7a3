"""Is what waits for another order sent when that has traded, for as much as it has traded, once, and else ended?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import NewOrder
from bridge.wire.vocabulary import ExecType, Side, TimeInForce
from orders.core.groups.legs import GroupKind
from orders.core.inputs import LinkDown, NotSent, Tick
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import E8, EPOCH, SECOND_US, START_US, refusal_code
from tests.orders.core.groups.trader import BRACKET, OTO, Trader, limit, stop

Bracket = tuple[Trader, OrderState, OrderState, OrderState]


@pytest.fixture
def bracket() -> Bracket:
    """The entry stands in the engine."""
    trader = Trader()
    entry, profit, loss = trader.group(GroupKind.BRACKET, *BRACKET)
    trader.works(entry)
    return trader, entry, profit, loss


def totals_sent(trader: Trader) -> list[tuple[object, int]]:
    return [(each.order_id, each.quantity_e8 // E8) for each in trader.sent if isinstance(each, NewOrder)]


# --- what triggers ---------------------------------------------------------------------------------------------------
def test_only_the_entry_is_sent_and_the_exits_are_kept(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    assert trader.sent_new() == [entry.id]
    assert [(leg.leg, leg.held, leg.reason) for leg in (profit, loss)] == [
        ("take_profit", Held.PARENT, "AWAITING_PARENT"),
        ("stop_loss", Held.PARENT, "AWAITING_PARENT"),
    ]


def test_exits_given_the_other_way_round_are_known_by_their_type() -> None:
    entry, profit, loss = BRACKET
    legs = Trader().group(GroupKind.BRACKET, entry, loss, profit)
    assert [leg.leg for leg in legs] == ["entry", "stop_loss", "take_profit"]


def test_the_exits_go_with_the_fill_that_completes_the_entry(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 40)
    assert trader.sent_new() == [entry.id], "Exits of a part could trade, and the rest would stand without any."
    draft = trader.fills(entry, 60)
    assert [order.order_id for order in draft.to_engine] == [profit.id, loss.id]  # type: ignore[union-attr]
    assert trader.events(profit) == [OrderEvent.HELD, OrderEvent.RELEASED]


@pytest.mark.parametrize("ending", [ExecType.CANCELED, ExecType.EXPIRED])
def test_an_entry_that_ends_with_fills_is_followed_for_what_it_filled(bracket: Bracket, ending: ExecType) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 40)
    trader.ends(entry, ending)
    assert totals_sent(trader) == [(entry.id, 100), (profit.id, 40), (loss.id, 40)]
    assert trader.now(profit).quantity_e8 == 40 * E8


@pytest.mark.parametrize("ending", [ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED])
def test_without_a_fill_what_waited_ends_with_the_entry(bracket: Bracket, ending: ExecType) -> None:
    trader, entry, profit, loss = bracket
    trader.ends(entry, ending)
    for leg in (profit, loss):
        assert (trader.now(leg).status, trader.now(leg).reason) == (OrderStatus.CANCELED, "GROUP_ENDED")
    assert trader.sent_new() == [entry.id]


def test_an_entry_that_never_left_takes_what_waited_with_it() -> None:
    trader = Trader()
    entry, profit, _ = trader.group(GroupKind.BRACKET, *BRACKET)
    command = trader.last(NewOrder)
    trader.do(NotSent(command.session, command.command_seq))
    assert trader.now(entry).status is OrderStatus.DENIED
    assert (trader.now(profit).status, trader.now(profit).reason) == (OrderStatus.CANCELED, "GROUP_ENDED")


def test_an_entry_in_doubt_keeps_them_waiting() -> None:
    trader = Trader()
    _, profit, _ = trader.group(GroupKind.BRACKET, *BRACKET)
    trader.do(LinkDown("lost"))
    trader.now_us += 10 * SECOND_US
    trader.do(Tick())
    assert trader.now(profit).held is Held.PARENT


def test_the_exits_share_what_the_entry_filled(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 100)
    trader.works(profit, loss)
    trader.fills(profit, 25)
    assert trader.sent_totals(loss) == [75]
    trader.resized(loss, 75)
    trader.fills(profit, 75)
    assert trader.sent_cancels() == [loss.id]


def test_a_bust_of_the_entry_makes_the_exits_smaller(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 60)
    trade = trader.fills(entry, 40).happenings[1]
    trader.works(profit, loss)
    bust = {"ref_exec_id": trade.exec_id, "cum_quantity_e8": 60 * E8}  # type: ignore[union-attr]
    trader.do(trader.report(trader.now(entry), ExecType.TRADE_CANCEL, **bust))
    assert (trader.sent_totals(profit), trader.sent_totals(loss)) == ([60], [60])


def test_a_fill_that_comes_after_the_entrys_end_makes_them_larger(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 40)
    trader.ends(entry)
    trader.works(profit, loss)
    trader.fills(entry, 10)
    assert (trader.sent_totals(profit), trader.sent_totals(loss)) == ([50], [50])


def test_a_fill_that_comes_after_all_have_ended_is_told(bracket: Bracket) -> None:
    trader, entry, _, _ = bracket
    trader.ends(entry)
    trader.fills(entry, 10)
    assert "An order has traded after those that were to follow it had ended" in trader.alarms


def test_an_exit_that_the_engine_refuses_is_told(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 100)
    trader.ends(profit, ExecType.REJECTED)
    assert trader.alarms == ["An order that was to follow a trade did not come about"]
    assert trader.now(loss).status is OrderStatus.PENDING_NEW, "The other one stands."


def test_a_stop_for_a_short_position_lies_above_it() -> None:
    exits = (limit(Side.BUY, 140), stop(Side.BUY, 160))
    legs = Trader().group(GroupKind.BRACKET, limit(Side.SELL, 150), *exits)
    assert [leg.leg for leg in legs] == ["entry", "take_profit", "stop_loss"]


# --- one triggers others ---------------------------------------------------------------------------------------------
def test_a_child_is_sent_when_its_parent_has_filled() -> None:
    trader = Trader()
    parent, child = trader.group(GroupKind.OTO, *OTO)
    trader.works(parent)
    trader.fills(parent, 100)
    assert trader.sent_new() == [parent.id, child.id]
    trader.works(child)
    trader.fills(child, 100)
    assert not trader.alarms


def test_a_child_is_not_larger_than_what_its_parent_has_filled_nor_than_itself() -> None:
    trader = Trader()
    parent, small, large = trader.group(GroupKind.OTO, limit(Side.BUY, 150), limit(Side.SELL, 160, 10), OTO[1])
    trader.fills(parent, 40)
    trader.ends(parent)
    assert totals_sent(trader)[1:] == [(small.id, 10), (large.id, 40)]


def test_a_child_of_less_than_a_lot_ends() -> None:
    trader = Trader()
    parent, child = trader.group(GroupKind.OTO, *OTO)
    trader.do(
        trader.report(parent, ExecType.TRADE, last_quantity_e8=E8 // 2, cum_quantity_e8=E8 // 2, last_price_e8=E8)
    )
    trader.ends(parent)
    assert trader.now(child).reason == "GROUP_ENDED"


# --- what a user does with one that waits ----------------------------------------------------------------------------
def test_the_price_of_one_that_waits_can_be_changed_and_counts_when_it_goes(bracket: Bracket) -> None:
    trader, entry, profit, _ = bracket
    changed = trader.replace(profit, price_e8=165 * E8)
    assert (changed.price_e8, changed.held, changed.reason) == (165 * E8, Held.PARENT, "AWAITING_PARENT")
    trader.fills(entry, 100)
    sent = [each for each in trader.sent if isinstance(each, NewOrder) and each.order_id == profit.id]
    assert [each.price_e8 for each in sent] == [165 * E8]


def test_it_can_be_changed_while_the_link_is_away(bracket: Bracket) -> None:
    trader, _, profit, _ = bracket
    trader.do(LinkDown("lost"))
    assert trader.replace(profit, price_e8=165 * E8).price_e8 == 165 * E8


def test_its_quantity_follows_the_entry(bracket: Bracket) -> None:
    trader, _, profit, _ = bracket
    assert refusal_code(trader.do(trader.replace_input(profit.id, quantity_e8=50 * E8))) == "VALIDATION_FAILED"


def test_a_child_that_its_user_has_cancelled_is_not_sent(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.do(trader.cancel_input(profit.id))
    trader.fills(entry, 100)
    assert trader.sent_new() == [entry.id, loss.id]
    assert not trader.alarms


def test_one_whose_date_has_passed_is_not_sent() -> None:
    trader = Trader()
    dated = {"time_in_force": TimeInForce.GTD, "expires_at_us": START_US + 5 * SECOND_US}
    parent, child = trader.group(GroupKind.OTO, OTO[0], OTO[1] | dated)
    trader.now_us = START_US + 5 * SECOND_US
    trader.fills(parent, 100)
    assert trader.now(child).status is OrderStatus.EXPIRED and trader.sent_new() == [parent.id]


# --- links and restarts ----------------------------------------------------------------------------------------------
def test_a_restart_before_the_fill_changes_nothing(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.restart()
    trader.go_live(EPOCH, trader.book.cursor.seq)
    trader.fills(entry, 100)
    assert trader.sent_new() == [entry.id, profit.id, loss.id]


def test_a_fill_told_by_the_replay_lets_them_go_when_the_link_is_live(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.restart()
    fill = trader.report(trader.now(entry), ExecType.TRADE, fill=(100, 150))
    trader.do(*trader.welcome(last_seq=trader.book.cursor.seq + 1), fill)
    assert trader.sent_new() == [entry.id], "Nothing new is sent before the link is live."
    trader.restart()
    assert trader.now(profit).held is Held.PARENT
    trader.do(*trader.welcome(last_seq=trader.book.cursor.seq))
    trader.do(trader.replayed())
    trader.do(trader.page([]))
    assert trader.sent_new() == [entry.id, profit.id, loss.id]


def test_a_group_that_has_ended_is_forgotten(bracket: Bracket) -> None:
    trader, entry, profit, loss = bracket
    trader.fills(entry, 100)
    assert entry.id in trader.book.orders, "What it has traded is needed as long as an exit is open."
    trader.fills(profit, 100)
    trader.ends(loss)
    assert not trader.book.orders and not trader.book.groups.members
