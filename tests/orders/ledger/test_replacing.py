"""Is a change of an order durable before it is sent, and found again by the next life of the bridge?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.wire.messages import OrderListRequest, OrderStatusRequest, ReplayDone, ReplayRequest
from bridge.wire.vocabulary import EngineOrderStatus, ExecType
from orders.core.inputs import LinkUp, Replayed, Started, StatusTold
from orders.core.state import OrderState
from orders.ledger import Ledger
from orders.models import EngineCommand, Order, OrderHistory
from orders.requests import Caller
from tests.orders.core.desk import E8, EPOCH, INSTRUMENTS, Desk
from tests.orders.ledger.conftest import settle, welcomed
from tests.orders.ledger.test_ledger import placed

KINDS = ["order_accepted", "order_acknowledged", "order_replace_requested"]


@pytest.fixture
def pending(ledger: Ledger, words: Desk, trader: Caller) -> OrderState:
    """Acknowledged, and asked to become 150 at 151."""
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.NEW, seq=1, epoch=EPOCH))
    settle(ledger, words.replace_input(order.id, caller=trader, quantity_e8=150 * E8, price_e8=151 * E8))
    return order


def test_the_command_is_claimed_and_the_row_has_the_old_terms(pending: OrderState) -> None:
    row = Order.objects.get()
    assert (row.status, row.quantity, row.price) == ("pending_replace", 100, 150)
    assert EngineCommand.objects.get(kind="replace_order").progress == "claimed"
    story = list(OrderHistory.objects.order_by("number"))
    assert [line.kind for line in story] == KINDS
    assert story[-1].status_details == {"quantity": "150", "price": "151"}


def test_the_row_takes_the_terms_that_the_engine_reports(ledger: Ledger, words: Desk, pending: OrderState) -> None:
    told = {"quantity_e8": 150 * E8, "price_e8": 151 * E8}
    settle(ledger, words.report(pending, ExecType.REPLACED, seq=2, epoch=EPOCH, **told))
    row = Order.objects.get()
    assert (row.status, row.quantity, row.price, row.version) == ("new", 150, 151, 4)
    assert EngineCommand.objects.get(kind="replace_order").progress == "answered"
    assert OrderHistory.objects.get(number=4).status_details == {"quantity": "150", "price": "151"}


def test_an_ended_order_that_is_no_longer_held_is_still_final(
    ledger: Ledger, words: Desk, trader: Caller, pending: OrderState
) -> None:
    settle(ledger, words.report(pending, ExecType.CANCELED, seq=2, epoch=EPOCH))
    assert pending.id not in ledger.book.orders
    (reply,) = settle(ledger, words.replace_input(pending.id, caller=trader, price_e8=149 * E8)).draft.replies
    assert reply.error.code == "ORDER_FINAL"  # type: ignore[union-attr]


def test_the_next_life_asks_what_became_of_a_change_and_sends_nothing_again(
    make_ledger: Callable[[], Ledger], words: Desk, pending: OrderState
) -> None:
    heir = make_ledger()
    settle(heir, Started())
    done = ReplayDone(session=heir.fence, epoch=EPOCH, last_seq=1, complete=True)
    sent = settle(heir, LinkUp(EPOCH, 1, INSTRUMENTS), Replayed(done)).draft.to_engine
    assert [type(message) for message in sent] == [ReplayRequest, OrderListRequest, OrderStatusRequest]
    assert Order.objects.get().status == "pending_replace"
    settle(heir, StatusTold(words.status(pending, EngineOrderStatus.NEW, session=heir.fence, epoch=EPOCH, last_seq=1)))
    row = Order.objects.get()
    assert (row.status, row.reason, row.quantity) == ("new", "REPLACE_REJECTED", 100)
    assert not heir.book.replaces


def test_the_report_of_a_change_counts_in_the_next_life_too(
    make_ledger: Callable[[], Ledger], words: Desk, pending: OrderState
) -> None:
    heir = make_ledger()
    settle(heir, Started())
    settle(welcomed(heir), words.report(pending, ExecType.REPLACED, seq=2, epoch=EPOCH, quantity_e8=150 * E8))
    row = Order.objects.get()
    assert (row.status, row.quantity) == ("new", 150)
    assert EngineCommand.objects.get(kind="replace_order").progress == "answered"
