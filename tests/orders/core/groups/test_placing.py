"""Is a group placed whole or not at all, once, and is what cannot be one told with the place of the fault?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.groups.legs import GroupKind
from orders.core.inputs import LinkDown
from orders.core.outcomes import GroupReply, RefusalReply
from tests.orders.core.desk import BOB, E8, START_US, refusal_code
from tests.orders.core.groups.trader import BRACKET, OCO, OTO, Trader, limit, market, stop

ENTRY, PROFIT, LOSS = BRACKET


def faults(trader: Trader, kind: GroupKind, *bodies: dict[str, Any]) -> list[str]:
    """The places that are told; nothing may be left behind."""
    reply = trader.do(trader.group_input(kind, *bodies)).replies[-1]
    assert isinstance(reply, RefusalReply) and reply.error.status == 422, reply
    assert not trader.orders and not trader.sent_new()
    return [each["attr"] for each in reply.error.errors]


@pytest.mark.parametrize(
    ("kind", "bodies", "places"),
    [
        (GroupKind.OCO, [], ["orders"]),
        (GroupKind.OCO, [OCO[0]], ["orders"]),
        (GroupKind.OCO, [limit(Side.SELL, 160 + each) for each in range(11)], ["orders"]),
        (GroupKind.OTO, [OTO[0]], ["orders"]),
        (GroupKind.BRACKET, [ENTRY, PROFIT], ["orders"]),
        (GroupKind.BRACKET, [*BRACKET, LOSS], ["orders"]),
        (GroupKind.OCO, [OCO[0], OCO[1] | {"client_order_id": "g-0"}], ["orders[1].clientOrderId"]),
        (GroupKind.OCO, [OCO[0], OCO[1] | {"symbol": "IBM"}], ["orders[1].symbol"]),
        (GroupKind.OCO, [OCO[0], OCO[1] | {"symbol": "NOPE"}], ["orders[1].symbol"]),
        (GroupKind.OCO, [OCO[0], OCO[1] | {"quantity_e8": 50 * E8}], ["orders[1].quantity"]),
        (GroupKind.OCO, [OCO[0], market(Side.SELL)], ["orders[1].orderType"]),
        (GroupKind.OCO, [OCO[0], OCO[1] | {"time_in_force": TimeInForce.IOC}], ["orders[1].timeInForce"]),
        (GroupKind.OCO, [OCO[0], stop(Side.SELL, 160)], ["orders[1].stopPrice"]),
        (GroupKind.OCO, [stop(Side.BUY, 140), limit(Side.BUY, 150)], ["orders[1].price"]),
        (GroupKind.OCO, [OCO[0], OCO[1] | {"stop_price_e8": 1}], ["orders[1].stopPrice"]),
        (GroupKind.OTO, [OTO[0], OTO[1] | {"quantity_e8": 101 * E8}], ["orders[1].quantity"]),
        (GroupKind.BRACKET, [ENTRY, PROFIT | {"side": Side.BUY}, LOSS], ["orders[1].side"]),
        (GroupKind.BRACKET, [ENTRY, PROFIT, LOSS | {"quantity_e8": 99 * E8}], ["orders[2].quantity"]),
        (GroupKind.BRACKET, [ENTRY, PROFIT, limit(Side.SELL, 165)], ["orders[2].orderType"]),
        (GroupKind.BRACKET, [ENTRY, limit(Side.SELL, 149), LOSS], ["orders[1].price"]),
        (GroupKind.BRACKET, [ENTRY, PROFIT, stop(Side.SELL, 151)], ["orders[2].stopPrice"]),
        (GroupKind.BRACKET, [market(Side.BUY), limit(Side.SELL, 130), LOSS], ["orders[2].stopPrice"]),
        (GroupKind.BRACKET, [ENTRY, PROFIT | {"symbol": "IBM"}, LOSS], ["orders[1].symbol"]),
    ],
)
def test_what_is_no_group_is_told_by_its_place(
    kind: GroupKind, bodies: list[dict[str, Any]], places: list[str]
) -> None:
    assert faults(Trader(), kind, *bodies) == places


def test_every_fault_of_every_order_is_told_at_once() -> None:
    off = {"quantity_e8": E8 // 2, "price_e8": 1}
    assert faults(Trader(), GroupKind.OTO, OTO[0] | off, OTO[1] | off) == [
        "orders[0].price",
        "orders[0].quantity",
        "orders[1].price",
        "orders[1].quantity",
    ]


def test_the_same_again_is_the_group_as_it_is() -> None:
    trader = Trader()
    first = trader.group(GroupKind.BRACKET, *BRACKET)
    trader.fills(first[0], 100)
    reply = trader.do(trader.group_input(GroupKind.BRACKET, *BRACKET)).replies[-1]
    assert isinstance(reply, GroupReply) and not reply.created
    assert reply.group == first[0].group
    assert [order.id for order in reply.orders] == [order.id for order in first]
    assert len(trader.sent_new()) == 3, "Entry and exits, each once."


def test_it_is_so_after_the_group_has_ended_and_after_a_restart() -> None:
    trader = Trader()
    one, other = trader.group(GroupKind.OCO, *OCO)
    trader.fills(one, 100)
    trader.ends(other)
    trader.restart()
    reply = trader.do(trader.group_input(GroupKind.OCO, *OCO)).replies[-1]
    assert isinstance(reply, GroupReply) and not reply.created


@pytest.mark.parametrize(
    ("kind", "bodies"),
    [
        (GroupKind.OCO, [OCO[0], limit(Side.SELL, 170)]),  # another body
        (GroupKind.OCO, [OCO[0], OCO[1] | {"client_order_id": "new"}]),  # one of them is new
        (GroupKind.OTO, [OCO[0], OCO[1]]),  # another kind
        (GroupKind.OCO, [*OCO, limit(Side.SELL, 170)]),  # one more
    ],
)
def test_ids_that_are_used_otherwise_are_a_conflict(kind: GroupKind, bodies: list[dict[str, Any]]) -> None:
    trader = Trader()
    trader.group(GroupKind.OCO, *OCO)
    assert refusal_code(trader.do(trader.group_input(kind, *bodies))) == "CLIENT_ORDER_ID_REUSED"
    assert len(trader.orders) == 2


def test_less_than_the_group_is_a_conflict() -> None:
    trader = Trader()
    trader.group(GroupKind.OCO, *OCO, limit(Side.SELL, 170))
    assert refusal_code(trader.do(trader.group_input(GroupKind.OCO, *OCO))) == "CLIENT_ORDER_ID_REUSED"


def test_an_id_of_a_single_order_is_none_of_a_group() -> None:
    trader = Trader()
    trader.place("g-0", **OCO[0])
    assert refusal_code(trader.do(trader.group_input(GroupKind.OCO, *OCO))) == "CLIENT_ORDER_ID_REUSED"


def test_what_others_call_their_orders_does_not_matter() -> None:
    trader = Trader()
    trader.group(GroupKind.OCO, *OCO)
    trader.place("g-0", caller=BOB)
    assert len(trader.orders) == 3


def test_without_a_link_nothing_is_written() -> None:
    trader = Trader()
    trader.do(LinkDown("lost"))
    assert refusal_code(trader.do(trader.group_input(GroupKind.OCO, *OCO))) == "ENGINE_UNAVAILABLE"
    assert not trader.orders


def test_a_late_request_is_not_decided() -> None:
    trader = Trader()
    draft = trader.do(trader.group_input(GroupKind.OCO, *OCO, deadline_us=START_US))
    assert refusal_code(draft) == "ORDER_BRIDGE_UNAVAILABLE" and not trader.orders


def test_each_order_is_audited_with_its_group_in_the_history() -> None:
    trader = Trader()
    legs = trader.group(GroupKind.BRACKET, *BRACKET)
    audits = [audit for draft in trader.drafts for audit in draft.audits]
    assert [(audit.action, audit.order_id) for audit in audits] == [("order.place", str(leg.id)) for leg in legs]
    first = {each.order.id: each.details for each in trader.history}
    assert {details["leg"] for details in first.values()} == {"entry", "take_profit", "stop_loss"}
    assert {uuid.UUID(details["groupId"]) for details in first.values()} == {legs[0].group}


def test_a_market_entry_takes_exits_whose_prices_do_not_cross() -> None:
    legs = Trader().group(GroupKind.BRACKET, market(Side.BUY), PROFIT, LOSS)
    assert legs[0].order_type is OrderType.MARKET
