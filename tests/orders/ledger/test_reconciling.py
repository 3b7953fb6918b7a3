"""Is what a reconciliation finds kept, and does it look up what the book has forgotten?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from bridge.wire.messages import OpenOrder, OrderList, OrderListRequest, OrderStatus, ReplayDone
from bridge.wire.vocabulary import ExecType
from orders.core.inputs import LinkUp, Listed, Replayed, Started, StatusTold
from orders.core.state import OrderState
from orders.ledger import Ledger, Settled
from orders.models import Order, Reconciliation, ReconciliationDifference
from orders.requests import Caller
from tests.orders.core.desk import EPOCH, INSTRUMENTS, START_US, Desk, as_listed
from tests.orders.ledger.conftest import settle
from tests.orders.ledger.test_ledger import placed


def acknowledged(ledger: Ledger, words: Desk, trader: Caller, client_order_id: str = "a-1") -> OrderState:
    order = placed(ledger, words, trader, client_order_id)
    words.book.cursor = ledger.book.cursor
    settle(ledger, words.report(order, ExecType.NEW))
    return ledger.book.orders[order.id]


def begun(ledger: Ledger) -> Settled:
    """Welcomed again, with all reports applied."""
    cursor = ledger.book.cursor
    done = ReplayDone(session=ledger.fence, epoch=EPOCH, last_seq=cursor.seq, complete=True)
    return settle(ledger, LinkUp(EPOCH, cursor.seq, INSTRUMENTS), Replayed(done))


def page(ledger: Ledger, settled: Settled, held: Iterable[OpenOrder], **fields: Any) -> Listed:
    request = next(message for message in settled.draft.to_engine if isinstance(message, OrderListRequest))
    plain: dict[str, Any] = {
        "session": ledger.fence,
        "command_seq": request.command_seq,
        "orders": sorted(held, key=lambda order: order.order_id),
        "complete": True,
        "epoch": EPOCH,
        "last_seq": ledger.book.cursor.seq,
        "sent_at_us": START_US,
    }
    return Listed(OrderList(**{**plain, **fields}))


def not_known(ledger: Ledger, order: OrderState) -> StatusTold:
    numbers = {"epoch": EPOCH, "last_seq": ledger.book.cursor.seq, "sent_at_us": START_US}
    return StatusTold(OrderStatus(session=ledger.fence, command_seq=1, order_id=order.id, known=False, **numbers))


def test_a_run_that_finds_nothing_is_kept_with_what_it_compared(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = acknowledged(ledger, words, trader)
    settle(ledger, page(ledger, begun(ledger), [as_listed(order)]))
    run = Reconciliation.objects.latest("began_at", "ended_at")
    assert (run.cause, run.outcome, run.here, run.engine) == ("reconnect", "done", 1, 1)
    assert run.ended_at is not None and not ReconciliationDifference.objects.exists()


def test_a_difference_is_kept_with_both_sides_as_people_read_them(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = acknowledged(ledger, words, trader)
    other = replace(as_listed(order), order_id=words.place_input().order_id, client_order_id="not-ours")
    settle(ledger, page(ledger, begun(ledger), [other]))
    settle(ledger, not_known(ledger, order))
    rows = {row.kind: row for row in ReconciliationDifference.objects.all()}
    assert (rows["not_here"].engine, rows["not_here"].here) == ("open 0 of 100 at 150", "")
    assert (rows["not_at_engine"].engine, rows["not_at_engine"].here) == ("", "new 0 of 100 at 150")
    assert {row.finding for row in rows.values()} == {"flagged"}
    assert Reconciliation.objects.latest("began_at", "ended_at").flagged == 2


def test_an_order_that_ended_long_ago_and_still_stands_in_the_engine_is_found(
    ledger: Ledger, words: Desk, trader: Caller
) -> None:
    order = acknowledged(ledger, words, trader)
    words.book.cursor = ledger.book.cursor
    settle(ledger, words.report(order, ExecType.CANCELED))
    assert order.id not in ledger.book.orders
    settle(ledger, page(ledger, begun(ledger), [as_listed(order)]))
    (difference,) = ReconciliationDifference.objects.all()
    assert (difference.kind, difference.finding, difference.here) == (
        "ended_here",
        "flagged",
        "canceled 0 of 100 at 150",
    )
    assert Order.objects.get(id=order.id).status == "canceled"


def test_a_run_that_was_cut_short_is_abandoned_by_the_next(make_ledger: Callable[[], Ledger], ledger: Ledger) -> None:
    begun(ledger)
    ledger.reload()
    begun(ledger)
    heir = make_ledger()
    settle(heir, Started())
    begun(heir)
    outcomes = sorted(Reconciliation.objects.values_list("session", "outcome"))
    assert outcomes == [
        (ledger.fence, "abandoned"),
        (ledger.fence, "abandoned"),
        (ledger.fence, "done"),
        (heir.fence, "running"),
    ]
