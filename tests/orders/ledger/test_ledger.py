"""Does a batch become durable as a whole, exactly once, whoever else writes and whatever fails?"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models.signals import pre_init

from accounts.models import AuditLog
from bridge.wire.vocabulary import ExecType
from notifications.models import StreamEvent
from notifications.stream import desk_stream, user_stream
from orders.core.inputs import Tick
from orders.core.outcomes import OrderReply, RefusalReply
from orders.core.state import OrderState
from orders.ledger import Fenced, Ledger, Postponed, Settled
from orders.lifecycle import OrderStatus
from orders.models import (
    EngineCommand,
    EngineCursor,
    Execution,
    Lease,
    Order,
    OrderHistory,
    Position,
    QuarantinedReport,
)
from orders.requests import Caller
from orders.rows import order_state
from orders.shapes import order_shape
from tests.bridge.waiting import until
from tests.orders.core.desk import E8, EPOCH, SECOND_US, START_US, Desk
from tests.orders.ledger.conftest import another_writer, go_live, settle, welcomed


def placed(ledger: Ledger, words: Desk, trader: Caller, client_order_id: str = "a-1", **fields: object) -> OrderState:
    settled = settle(ledger, words.place_input(client_order_id, caller=trader, **fields))
    reply = settled.draft.replies[0]
    assert isinstance(reply, OrderReply), reply
    return reply.order


def test_an_order_is_written_with_everything_that_belongs_to_it(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    row = Order.objects.select_related("account", "desk").get()
    assert order_state(row) == order
    assert row.client_order_key == b"a-1".hex()
    assert OrderHistory.objects.get().number == 1
    assert EngineCommand.objects.get().progress == "claimed"
    assert AuditLog.objects.get().action == "order.place"


def test_the_event_goes_to_the_user_and_to_the_desk_and_its_number_comes_back(
    ledger: Ledger, words: Desk, trader: Caller
) -> None:
    settled = settle(ledger, words.place_input(caller=trader))
    streams = [user_stream(trader.user), desk_stream(trader.desk)]  # type: ignore[arg-type]
    events = {event.stream: event for event in StreamEvent.objects.all()}
    assert sorted(events) == sorted(streams)
    assert settled.numbers == dict.fromkeys(streams, 1)
    event = events[streams[0]]
    assert (event.channel, event.kind) == ("orders", "order_accepted")
    assert json.loads(event.data) == order_shape(settled.draft.replies[0].order)  # type: ignore[union-attr]


def test_a_repeat_answers_with_the_number_the_stream_has_reached(ledger: Ledger, words: Desk, trader: Caller) -> None:
    placed(ledger, words, trader)
    settled = settle(ledger, words.place_input(caller=trader))
    assert settled.numbers == {user_stream(trader.user): 1}
    assert Order.objects.count() == 1


def test_a_repeat_of_an_order_that_has_long_ended_is_found(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.CANCELED, seq=1, epoch=EPOCH))
    assert order.id not in ledger.book.orders
    again = placed(ledger, words, trader)
    assert (again.id, again.status) == (order.id, OrderStatus.CANCELED)


def test_a_fill_writes_execution_position_and_cursor(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.TRADE, fill=(40, 150), seq=1, epoch=EPOCH))
    row = Order.objects.get()
    assert (row.status, row.filled_quantity) == ("partially_filled", 40)
    assert row.filled_notional_e16 == 40 * 150 * 10**16
    assert Execution.objects.get().price == 150
    position = Position.objects.get()
    assert (position.quantity, position.average_price, position.realized_pnl) == (40, 150, 0)
    assert EngineCursor.objects.get().seq == 1


def test_the_second_fill_updates_the_position_also_after_a_restart(
    ledger: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.TRADE, fill=(40, 150), seq=1, epoch=EPOCH))
    other = welcomed(make_ledger())
    settle(other, words.report(order, ExecType.TRADE, fill=(60, 160), seq=2, epoch=EPOCH, cum_quantity_e8=100 * E8))
    position = Position.objects.get()
    assert (position.quantity, position.average_price) == (100, 156)
    assert Order.objects.get().status == "filled"


def test_an_execution_applied_before_a_restart_is_not_applied_again(
    ledger: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.TRADE, fill=(40, 150), seq=1, epoch=EPOCH, exec_id="x"))
    other = welcomed(make_ledger())
    settled = settle(other, words.report(order, ExecType.TRADE, fill=(40, 150), seq=2, epoch=EPOCH, exec_id="x"))
    assert settled.draft.counts["repeated_executions"] == 1
    assert Order.objects.get().filled_quantity == 40


def test_a_quarantined_report_is_kept_whole(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    settle(ledger, words.report(order, ExecType.NEW, seq=1, epoch=EPOCH, account="someone"))
    row = QuarantinedReport.objects.get()
    assert (row.engine_epoch, row.engine_seq, row.order_id) == (EPOCH, 1, order.id)
    assert row.report["account"] == "someone"


# --- the lease -----------------------------------------------------------------------------------------------------
def test_fences_grow(make_ledger: Callable[[], Ledger]) -> None:
    fences = [make_ledger().fence for _ in range(3)]
    assert fences == sorted(set(fences))


def test_a_bridge_whose_lease_was_taken_writes_nothing_more(
    ledger: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    make_ledger()
    with pytest.raises(Fenced):
        list(ledger.settle([words.place_input(caller=trader)], START_US))
    with pytest.raises(Fenced):
        ledger.renew()
    assert not Order.objects.exists()


def test_every_transaction_shows_that_the_holder_lives(ledger: Ledger, words: Desk, trader: Caller) -> None:
    before = Lease.objects.get().renewed
    placed(ledger, words, trader)
    ledger.renew()
    assert Lease.objects.get().renewed == before + 2


def test_a_batch_that_changes_nothing_writes_nothing(ledger: Ledger) -> None:
    before = Lease.objects.get().renewed
    settle(ledger, Tick())
    assert Lease.objects.get().renewed == before


# --- other writers ---------------------------------------------------------------------------------------------------
def test_a_busy_database_is_tried_again_until_it_is_free(ledger: Ledger, words: Desk, trader: Caller) -> None:
    with another_writer() as other:
        release = threading.Timer(0.2, other.execute, ["COMMIT"])
        release.start()
        order = placed(ledger, words, trader)
        release.join()
    assert Order.objects.get().id == order.id


def test_a_database_that_stays_busy_postpones_the_batch_and_leaves_no_trace(
    ledger: Ledger, words: Desk, trader: Caller
) -> None:
    asked = words.place_input(caller=trader)
    with another_writer():
        (outcome,) = ledger.settle([asked], START_US)
    assert isinstance(outcome, Postponed) and outcome.inputs == [asked]
    assert not Order.objects.exists() and not ledger.book.orders
    settle(ledger, asked)
    assert Order.objects.count() == 1


def test_two_ledgers_and_other_writers_never_lose_a_row(ledger: Ledger, words: Desk, trader: Caller) -> None:
    """Another process writes all the time; every batch of ours gets through."""
    stop = threading.Event()
    writes = []

    def write() -> None:
        while not stop.is_set():
            with another_writer() as other:
                writes.append(other.execute("UPDATE orders_lease SET holder_address = holder_address").rowcount)
                other.execute("COMMIT")

    thread = threading.Thread(target=write)
    thread.start()
    until(lambda: writes, "the other writer's first write")
    for number in range(50):
        placed(ledger, words, trader, f"a-{number}")
    stop.set()
    thread.join()
    assert Order.objects.count() == 50


# --- rows that cannot be written --------------------------------------------------------------------------------------
def test_the_bad_request_of_a_batch_fails_alone(ledger: Ledger, words: Desk, trader: Caller) -> None:
    stranger = Caller(user=trader.user, account=words.place_input().request.caller.account, account_name="nobody")
    batch = [words.place_input(f"a-{number}", caller=stranger if number == 2 else trader) for number in range(5)]
    outcomes = list(ledger.settle(batch, START_US))
    replies = [reply for each in outcomes if isinstance(each, Settled) for reply in each.draft.replies]
    refused = [reply for reply in replies if isinstance(reply, RefusalReply)]
    assert [reply.ticket for reply in refused] == [batch[2].ticket]
    assert refused[0].error.status == 500
    assert sorted(Order.objects.values_list("client_order_id", flat=True)) == ["a-0", "a-1", "a-3", "a-4"]


def test_a_report_that_cannot_be_written_is_set_aside_and_the_next_is_applied(
    ledger: Ledger, words: Desk, trader: Caller
) -> None:
    order = placed(ledger, words, trader)
    too_long = words.report(order, ExecType.TRADE, fill=(40, 150), seq=1, epoch=EPOCH, last_price_e8=2**63 - 1)
    huge = [too_long, words.report(order, ExecType.TRADE, fill=(40, 150), seq=2, epoch=EPOCH)]
    list(ledger.settle(huge, START_US))
    assert EngineCursor.objects.get().seq == 2


# --- after a crash ----------------------------------------------------------------------------------------------------
def test_a_restart_finds_open_orders_commands_and_cursor(
    ledger: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    order = placed(ledger, words, trader)
    ended = placed(ledger, words, trader, "a-2")
    settle(ledger, words.report(ended, ExecType.CANCELED, seq=1, epoch=EPOCH))
    book = make_ledger().book
    assert list(book.orders) == [order.id]
    assert list(book.claims) == [order.id]
    assert (book.cursor.epoch, book.cursor.seq) == (EPOCH, 1)


def test_a_reload_forgets_what_was_not_committed(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    ledger.reload()
    assert list(ledger.book.orders) == [order.id]
    assert ledger.book.last_command_seq == 2  # the first was the list of the start
    go_live(ledger)
    assert ledger.book.orders[order.id] == order


def test_the_number_of_a_question_is_not_used_again_after_a_reload(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    settle(ledger, Tick(), at_us=START_US + 3 * SECOND_US)
    questions = ledger.book.last_command_seq
    ledger.reload()
    assert ledger.book.orders[order.id].status == "unknown"
    assert ledger.book.last_command_seq == questions


def test_no_model_instance_is_made_for_writing(ledger: Ledger, words: Desk, trader: Caller) -> None:
    """Bulk statements, whose number does not grow with the batch."""
    made: list[type] = []

    def note(sender: type, **_signal: object) -> None:
        made.append(sender)

    pre_init.connect(note)
    try:
        settle(ledger, *[words.place_input(f"a-{number}", caller=trader) for number in range(20)])
    finally:
        pre_init.disconnect(note)
    assert Order not in made and OrderHistory not in made and EngineCommand not in made
    assert connection.vendor != "sqlite" or Order.objects.count() == 20
