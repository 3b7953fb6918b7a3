"""Does a group survive a restart of the order bridge, ended orders and all, and is it written in one transaction?"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from bridge.wire.messages import CancelOrder, NewOrder, OrderListRequest, ReplaceOrder
from bridge.wire.vocabulary import ExecType, Side
from orders.core.groups.legs import GroupKind
from orders.core.inputs import LinkUp, PlaceGroup
from orders.core.outcomes import GroupReply, OrderReply
from orders.core.state import OrderState
from orders.ledger import Ledger, Settled
from orders.models import Order
from orders.requests import Caller
from orders.rows import order_state
from orders.verification import orders_verify
from tests.orders.core.desk import E8, EPOCH, INSTRUMENTS
from tests.orders.core.groups.trader import BRACKET, OCO, Body, Trader, items, limit
from tests.orders.ledger.conftest import settle


@pytest.fixture
def words() -> Trader:
    """Makes inputs; its own book is not used."""
    return Trader()


def group_input(words: Trader, caller: Caller, kind: GroupKind, *bodies: Body) -> PlaceGroup:
    asked = words.group_input(kind, *bodies, caller=caller)
    places = tuple(each._replace(request=replace(each.request, caller=caller)) for each in asked.places)
    return asked._replace(places=places)


def placed(ledger: Ledger, words: Trader, caller: Caller, kind: GroupKind, *bodies: Body) -> list[OrderState]:
    (reply,) = settle(ledger, group_input(words, caller, kind, *bodies)).draft.replies
    assert isinstance(reply, GroupReply) and reply.created
    return reply.orders


def stored(order: OrderState) -> OrderState:
    return order_state(Order.objects.select_related("account", "desk").get(id=order.id))


def told(ledger: Ledger, words: Trader, order: OrderState, kind: ExecType, **fields: object) -> Settled:
    seq = ledger.book.cursor.seq + 1
    return settle(ledger, words.report(stored(order), kind, seq=seq, epoch=EPOCH, **fields))


def restarted(make_ledger: Callable[[], Ledger]) -> Ledger:
    """Another process; the engine has welcomed it, and reports are taken."""
    ledger = make_ledger()
    settle(ledger, LinkUp(EPOCH, ledger.book.cursor.seq, INSTRUMENTS))
    return ledger


def live_again(ledger: Ledger, words: Trader) -> Settled:
    """Nothing is missing, and the engine lists what stands here."""
    words.book = ledger.book
    settled = settle(ledger, words.replayed())
    words.sent = [each for each in settled.draft.to_engine if isinstance(each, OrderListRequest)]
    held = [order for order in ledger.book.orders.values() if not order.final and not order.held]
    return settle(ledger, words.page(held))


def test_rows_tell_what_the_core_knew(ledger: Ledger, words: Trader, trader: Caller) -> None:
    legs = placed(ledger, words, trader, GroupKind.OCO, *OCO)
    assert [stored(leg) for leg in legs] == legs
    assert stored(legs[0]).shared_e8 == 100 * E8


def test_what_waits_for_a_fill_still_waits_after_a_restart(
    ledger: Ledger, words: Trader, trader: Caller, make_ledger: Callable[[], Ledger]
) -> None:
    entry, profit, loss = placed(ledger, words, trader, GroupKind.BRACKET, *BRACKET)
    second = restarted(make_ledger)
    told(second, words, entry, ExecType.TRADE, fill=(100, 150))
    third = restarted(make_ledger)
    sent = [each.order_id for each in live_again(third, words).draft.to_engine if isinstance(each, NewOrder)]
    assert sent == [profit.id, loss.id], "The process that was told of the fill could not send anything."
    assert not [found for _, differing in orders_verify() for found in differing]


def test_an_ended_order_of_an_open_group_is_loaded_with_it(
    ledger: Ledger, words: Trader, trader: Caller, make_ledger: Callable[[], Ledger]
) -> None:
    one, two, three = placed(ledger, words, trader, GroupKind.OCO, *OCO, limit(Side.SELL, 170))
    told(ledger, words, one, ExecType.TRADE, fill=(30, 160))
    told(ledger, words, one, ExecType.CANCELED)
    for each in (two, three):
        told(ledger, words, each, ExecType.REPLACED, quantity_e8=70 * E8)
    second = restarted(make_ledger)
    live_again(second, words)
    asked = told(second, words, two, ExecType.TRADE, fill=(20, 140)).draft.to_engine
    (change,) = [each for each in asked if isinstance(each, ReplaceOrder)]
    assert (change.order_id, change.quantity_e8) == (three.id, 50 * E8)


def test_a_late_fill_of_a_group_that_was_forgotten_is_seen_with_all_of_it(
    ledger: Ledger, words: Trader, trader: Caller, make_ledger: Callable[[], Ledger]
) -> None:
    one, other = placed(ledger, words, trader, GroupKind.OCO, *OCO)
    ended = told(ledger, words, one, ExecType.TRADE, fill=(100, 160))
    assert [each.order_id for each in ended.draft.to_engine if isinstance(each, CancelOrder)] == [other.id]
    told(ledger, words, other, ExecType.CANCELED)
    assert not ledger.book.orders
    second = restarted(make_ledger)
    late = told(second, words, other, ExecType.TRADE, fill=(10, 140))
    assert [alarm.sentence for alarm in late.draft.alarms] == [
        "Orders of one group have traded more together than was asked for"
    ]
    assert not [found for _, differing in orders_verify() for found in differing]


def test_a_changed_order_that_waits_and_goes_for_less_is_what_its_history_says(
    ledger: Ledger, words: Trader, trader: Caller
) -> None:
    entry, profit, _ = placed(ledger, words, trader, GroupKind.BRACKET, *BRACKET)
    settle(ledger, words.replace_input(profit.id, caller=trader, price_e8=165 * E8))
    assert not [found for _, differing in orders_verify() for found in differing]
    told(ledger, words, entry, ExecType.TRADE, fill=(40, 150))
    told(ledger, words, entry, ExecType.CANCELED)
    assert (stored(profit).quantity_e8, stored(profit).price_e8) == (40 * E8, 165 * E8)
    assert not [found for _, differing in orders_verify() for found in differing]


def test_the_same_group_again_is_found_by_its_ids_alone(
    ledger: Ledger, words: Trader, trader: Caller, make_ledger: Callable[[], Ledger]
) -> None:
    legs = placed(ledger, words, trader, GroupKind.OCO, *OCO)
    second = restarted(make_ledger)
    (reply,) = settle(second, group_input(words, trader, GroupKind.OCO, *OCO)).draft.replies
    assert isinstance(reply, GroupReply)
    assert (reply.created, reply.group) == (False, legs[0].group)
    assert Order.objects.count() == 2


def test_a_basket_of_a_hundred_is_one_commit(ledger: Ledger, words: Trader, trader: Caller) -> None:
    asked = words.basket_input(*[limit(Side.BUY, 150)] * 100)
    places = tuple(each._replace(request=replace(each.request, caller=trader)) for each in asked.places)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        settled = settle(ledger, asked._replace(request=replace(asked.request, caller=trader), places=places))
    assert sum(query["sql"].startswith("BEGIN") for query in queries.captured_queries) == 1
    assert len(items(settled.draft)) == 100 == Order.objects.count()


def test_a_position_is_closed_once_over_a_restart(
    ledger: Ledger, words: Trader, trader: Caller, make_ledger: Callable[[], Ledger]
) -> None:
    (bought,) = settle(ledger, words.place_input(caller=trader)).draft.replies
    assert isinstance(bought, OrderReply)
    told(ledger, words, bought.order, ExecType.TRADE, fill=(100, 150))
    (first,) = items(settle(ledger, words.close_input(caller=trader)).draft)
    told(ledger, words, first.reply.order, ExecType.TRADE, fill=(100, 150))
    second = restarted(make_ledger)
    (again,) = items(settle(second, words.close_input(caller=trader)).draft)
    assert (again.reply.order.id, again.reply.created) == (first.reply.order.id, False)
    assert uuid.UUID(str(first.reply.order.id)) and Order.objects.count() == 2
