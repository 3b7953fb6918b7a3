"""Does the gate look at every order of a group, when it is placed and when it goes, and is nothing let in by halves?"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bridge.wire.vocabulary import Side
from orders.core.groups.legs import GroupKind
from orders.core.inputs import PlaceGroup
from orders.core.limits import Breach, Limit, Rule
from orders.core.outcomes import DeniedReply, GroupReply
from orders.core.scopes import FIRM
from orders.core.trading_states import Restriction, TradingState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import ANN, E8
from tests.orders.core.gate.sheets import denied, hold_position, limit, market, refused
from tests.orders.core.groups.trader import BRACKET, OCO, OTO, Trader, items

QUANTITY = limit(Rule.MAX_ORDER_QUANTITY, 50 * E8)
STALE = market(150, 151, 150, stale=True)


def under(*limits: Limit) -> Trader:
    trader = Trader()
    trader.book.limits = limits
    return trader


def restrict(trader: Trader, state: TradingState) -> None:
    told: dict[str, Any] = {"reason": "test", "set_by": None, "set_by_name": "system", "set_at_us": trader.now_us}
    trader.book.restrictions[FIRM] = Restriction(target=FIRM, state=state, **told)


# --- when it is placed -----------------------------------------------------------------------------------------------
def test_one_that_is_forbidden_denies_them_all() -> None:
    trader = under(QUANTITY)
    small, large = OTO[0] | {"quantity_e8": 100 * E8}, OTO[1] | {"quantity_e8": 10 * E8}
    reply = denied(trader.do(trader.group_input(GroupKind.OTO, small, large)))
    assert (reply.code, reply.order.client_order_id) == ("RISK_LIMIT", "g-0")
    assert [(order.status, order.reason) for order in trader.orders.values()] == [
        (OrderStatus.DENIED, "RISK_LIMIT"),
        (OrderStatus.DENIED, "GROUP_ENDED"),
    ]
    assert not trader.sent_new()


def test_a_denied_group_again_is_the_same_group() -> None:
    trader = under(QUANTITY)
    asked = trader.group_input(GroupKind.OCO, *OCO)
    assert isinstance(trader.do(asked).replies[-1], DeniedReply)
    reply = trader.do(asked).replies[-1]
    assert isinstance(reply, GroupReply) and not reply.created


def test_the_orders_before_are_counted_with_each() -> None:
    trader = under(limit(Rule.MAX_OPEN_ORDERS, 2))
    assert denied(trader.do(trader.group_input(GroupKind.BRACKET, *BRACKET))).order.client_order_id == "g-2"


def test_what_was_only_looked_at_counts_for_nothing_afterwards() -> None:
    trader = under(limit(Rule.MAX_OPEN_ORDERS, 2))
    trader.do(trader.group_input(GroupKind.BRACKET, *BRACKET))
    trader.group(GroupKind.OCO, *OCO, name="second")
    assert len(trader.sent_new()) == 2


def test_orders_that_share_a_quantity_do_not_stand_in_each_others_way() -> None:
    """Each could close the position, and together they would be too much."""
    trader = under(limit(Rule.MAX_POSITION, 100 * E8))
    hold_position(trader, 100)
    restrict(trader, TradingState.REDUCE_ONLY)
    assert len(trader.group(GroupKind.OCO, *OCO)) == 2


def test_a_warning_is_confirmed_for_the_whole_group() -> None:
    trader = under(limit(Rule.MAX_ORDER_QUANTITY, 50 * E8, breach=Breach.CONFIRM))
    asked = trader.group_input(GroupKind.OCO, *OCO)._replace(token="shown")
    code, rules = refused(trader.do(asked))
    assert code == "CONFIRMATION_REQUIRED" and len(rules) == 2
    assert not trader.orders
    confirmed = asked._replace(request=replace(asked.request, confirmation_token="shown"))
    assert isinstance(trader.do(confirmed).replies[-1], GroupReply)


def test_a_token_of_another_group_confirms_nothing() -> None:
    trader = under(limit(Rule.MAX_ORDER_QUANTITY, 50 * E8, breach=Breach.CONFIRM))
    trader.do(trader.group_input(GroupKind.OCO, *OCO)._replace(token="shown"))
    other = trader.group_input(GroupKind.OCO, *OCO, name="other", confirmation_token="shown")
    assert refused(trader.do(other))[0] == "CONFIRMATION_INVALID"


def test_an_order_that_needs_an_approval_is_of_no_group() -> None:
    trader = under(limit(Rule.MAX_ORDER_QUANTITY, 50 * E8, breach=Breach.APPROVE))
    assert refused(trader.do(trader.group_input(GroupKind.OCO, *OCO)))[0] == "AWAITING_APPROVAL"
    assert not trader.orders
    asked: PlaceGroup = Trader().group_input(GroupKind.OCO, *OCO, caller=replace(ANN, needs_approval=True))
    assert refused(Trader().do(asked))[0] == "AWAITING_APPROVAL"


# --- when it goes ----------------------------------------------------------------------------------------------------
def test_an_exit_that_is_forbidden_when_it_goes_is_denied_and_told_and_the_entry_stands() -> None:
    trader = Trader()
    entry, profit, loss = trader.group(GroupKind.BRACKET, *BRACKET)
    trader.book.limits = (QUANTITY,)
    trader.fills(entry, 100)
    assert [(trader.now(leg).status, trader.now(leg).reason) for leg in (entry, profit, loss)] == [
        (OrderStatus.FILLED, ""),
        (OrderStatus.DENIED, "RISK_LIMIT"),
        (OrderStatus.DENIED, "RISK_LIMIT"),
    ]
    assert trader.alarms == ["An order that was to follow a trade did not come about"]


def test_both_exits_go_where_positions_may_only_be_reduced() -> None:
    trader = under(limit(Rule.MAX_POSITION, 100 * E8))
    entry, profit, loss = trader.group(GroupKind.BRACKET, *BRACKET)
    restrict(trader, TradingState.REDUCE_ONLY)
    trader.fills(entry, 100)
    assert trader.sent_new() == [entry.id, profit.id, loss.id]


# --- when a position is closed ---------------------------------------------------------------------------------------
def test_where_the_price_is_stale_nothing_is_closed_and_stops_stand() -> None:
    trader = Trader()
    hold_position(trader, 100)
    stands = trader.acknowledged("stop", side=Side.SELL)
    trader.marks = {"AAPL": STALE}
    (item,) = items(trader.do(trader.close_input()))
    assert isinstance(item.reply, DeniedReply) and item.reply.code == "STALE_PRICE"
    assert not trader.now(stands).cancel_wanted and not item.canceled


def test_a_price_that_has_become_stale_meanwhile_denies_the_order_that_waited() -> None:
    trader = Trader()
    hold_position(trader, 100)
    resting = trader.acknowledged("resting", side=Side.SELL)
    (item,) = items(trader.do(trader.close_input()))
    trader.marks = {"AAPL": STALE}
    trader.ends(resting)
    assert trader.orders[item.reply.order.id].reason == "STALE_PRICE"


def test_what_somebody_would_have_to_approve_is_not_closed_here() -> None:
    trader = Trader()
    hold_position(trader, 100)
    (item,) = items(trader.do(trader.close_input(caller=replace(ANN, needs_approval=True))))
    assert item.reply.error.code == "AWAITING_APPROVAL"


def test_a_close_passes_where_positions_may_only_be_reduced_though_orders_are_open() -> None:
    trader = Trader()
    hold_position(trader, 100)
    resting = trader.acknowledged("resting", side=Side.SELL)
    restrict(trader, TradingState.REDUCE_ONLY)
    (item,) = items(trader.do(trader.close_input()))
    trader.ends(resting)
    assert trader.sent_new()[-1] == item.reply.order.id
