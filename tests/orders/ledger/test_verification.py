"""Is every way in which an order can differ from its history found, and nothing else?"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from bridge.wire.vocabulary import ExecType
from orders.core.state import OrderState
from orders.ledger import Ledger
from orders.models import Execution, Order, OrderHistory
from orders.requests import Caller
from orders.verification import ORDERS_AT_ONCE, Difference, orders_verify
from tests.orders.core.desk import E8, EPOCH, Desk
from tests.orders.ledger.conftest import settle
from tests.orders.ledger.test_ledger import placed


@pytest.fixture
def order(ledger: Ledger, words: Desk, trader: Caller) -> OrderState:
    """Accepted, acknowledged and partly filled."""
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.NEW, seq=1, epoch=EPOCH))
    settle(ledger, words.report(order, ExecType.TRADE, seq=2, epoch=EPOCH, fill=(4, 101)))
    return order


def found() -> list[Difference]:
    return [each for _, some in orders_verify() for each in some]


def test_what_the_ledger_wrote_is_what_the_history_says(order: OrderState) -> None:
    assert Order.objects.get().filled_quantity == 4
    assert found() == []


def row_says_canceled() -> None:
    Order.objects.update(status="canceled")


def row_counts_more() -> None:
    Order.objects.update(version=9)


def filled_too_much() -> None:
    Order.objects.update(filled_quantity=Decimal(5))


def another_amount() -> None:
    Order.objects.update(filled_notional_e16=1)


def an_execution_is_gone() -> None:
    Execution.objects.all().delete()


def an_event_is_gone() -> None:
    OrderHistory.objects.filter(number=2).delete()


def the_last_event_is_gone() -> None:
    OrderHistory.objects.filter(number=3).delete()


def all_history_is_gone() -> None:
    OrderHistory.objects.all().delete()


def an_event_that_cannot_be() -> None:
    OrderHistory.objects.filter(number=2).update(kind="order_engine_lost")


def a_kind_nobody_knows() -> None:
    OrderHistory.objects.filter(number=2).update(kind="order_sold_twice")


def a_line_says_another_status() -> None:
    OrderHistory.objects.filter(number=2).update(status="filled")


def changed(ledger: Ledger, words: Desk, order: OrderState) -> None:
    """Its total is now 150, as the engine told."""
    settle(ledger, words.replace_input(order.id, caller=caller_of(order), quantity_e8=150 * E8))
    settle(ledger, words.report(order, ExecType.REPLACED, seq=3, epoch=EPOCH, quantity_e8=150 * E8))


def caller_of(order: OrderState) -> Caller:
    return Caller(user=order.user, account=order.account, account_name=order.account_name)


def test_a_change_leaves_a_row_that_is_what_its_history_says(ledger: Ledger, words: Desk, order: OrderState) -> None:
    changed(ledger, words, order)
    row = Order.objects.get()
    assert (row.quantity, row.price, row.status) == (150, 150, "partially_filled")
    assert found() == []


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("quantity", "the row's quantity is 7, its last change made it 150"),
        ("price", "the row's price is 7, its last change made it 150"),
        ("stop_price", "the row's stopPrice is 7, its last change made it None"),
    ],
)
def test_terms_that_no_change_made_are_named(
    ledger: Ledger, words: Desk, order: OrderState, column: str, told: str
) -> None:
    changed(ledger, words, order)
    Order.objects.update(**{column: Decimal(7)})
    (difference,) = found()
    assert told in difference.faults


TAMPERED = [
    (row_says_canceled, "the row says canceled, its history ends with partially_filled"),
    (row_counts_more, "the row counts 9 events, its history has 3"),
    (filled_too_much, "the filled quantity is not the sum of its executions"),
    (another_amount, "the filled amount is not the sum of its executions"),
    (an_execution_is_gone, "the filled quantity is not the sum of its executions"),
    (an_event_is_gone, "event 2 is missing before 3"),
    (the_last_event_is_gone, "the row says partially_filled, its history ends with new"),
    (all_history_is_gone, "the row says partially_filled, its history ends with nothing"),
    (an_event_that_cannot_be, "event 2: order_engine_lost cannot happen to an order that is pending_new"),
    (a_kind_nobody_knows, "event 2: 'order_sold_twice' is not a valid OrderEvent"),
    (a_line_says_another_status, "event 2 leads to new, its line says filled"),
]


@pytest.mark.parametrize(("tamper", "told"), TAMPERED)
def test_each_difference_is_named(order: OrderState, tamper: Callable[[], None], told: str) -> None:
    tamper()
    (difference,) = found()
    assert (difference.order_id, difference.client_order_id) == (order.id, order.client_order_id)
    assert told in difference.faults


def test_more_orders_than_one_look_takes_are_all_looked_at(ledger: Ledger, words: Desk, trader: Caller) -> None:
    count = ORDERS_AT_ONCE + 1
    settle(ledger, *(words.place_input(f"a-{number}", caller=trader) for number in range(count)))
    assert [(some, differing) for some, differing in orders_verify()] == [(ORDERS_AT_ONCE, []), (1, [])]


def test_the_command_prints_for_people_and_for_machines(order: OrderState) -> None:
    said = io.StringIO()
    call_command("orders", "verify", stdout=said)
    assert "1 orders looked at, 0 differ" in said.getvalue()
    row_says_canceled()
    said = io.StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("orders", "verify", "--json", stdout=said)
    assert failed.value.returncode == 1
    document = json.loads(said.getvalue())
    assert (document["orders"], document["differences"][0]["id"]) == (1, str(order.id))
