"""Are busts, corrections and orders from elsewhere written once, told to those whom they concern, and verified?"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from accounts.models import AuditLog
from accounts.rights import Reach
from bridge.wire.vocabulary import EngineOrderStatus, ExecType
from notifications.models import StreamEvent
from notifications.stream import desk_stream, user_stream
from orders.core.state import OrderState
from orders.ledger import Ledger
from orders.models import Execution, Order, OrderHistory, Position, QuarantinedReport
from orders.requests import Caller
from orders.selectors import Wanted, executions_page, order_get
from orders.verification import orders_verify
from tests.orders.core.desk import E8, EPOCH, Desk
from tests.orders.ledger.conftest import settle, welcomed
from tests.orders.ledger.test_ledger import placed

UNSEEN = uuid.UUID(int=77)
PARTLY = EngineOrderStatus.PARTIALLY_FILLED
LASTS = {"last_quantity_e8": 30 * E8, "last_price_e8": 149 * E8}


@pytest.fixture
def filled(ledger: Ledger, words: Desk, trader: Caller) -> OrderState:
    """100 AAPL in two trades, "x" and "y"; no longer in memory."""
    order = placed(ledger, words, trader)
    settle(ledger, told(words, order, ExecType.TRADE, 1, fill=(40, 150), exec_id="x"))
    settle(ledger, told(words, order, ExecType.TRADE, 2, fill=(60, 170), exec_id="y", cum_quantity_e8=100 * E8))
    assert order.id not in ledger.book.orders
    return order


def told(words: Desk, order: OrderState, kind: ExecType, seq: int, **fields: Any) -> Any:
    return words.report(order, kind, seq=seq, epoch=EPOCH, **fields)


def differences() -> list[Any]:
    return [each for _, some in orders_verify() for each in some]


def test_a_bust_changes_row_execution_and_position_of_an_order_that_has_ended(
    ledger: Ledger, words: Desk, filled: OrderState
) -> None:
    settle(ledger, told(words, filled, ExecType.TRADE_CANCEL, 3, ref_exec_id="y", cum_quantity_e8=40 * E8))
    row = order_get(Reach(filled.account), filled.id)
    assert (row["status"], row["filledQuantity"], row["averagePrice"]) == ("partially_filled", "40", "150")
    statuses = dict(Execution.objects.values_list("exec_id", "status"))
    assert statuses == {"x": "live", "y": "busted"}
    position = Position.objects.get()
    assert (position.quantity, position.average_price, position.realized_pnl) == (40, 150, 0)
    assert differences() == []


def test_a_correction_is_told_to_the_user_and_the_desk_with_both_executions(
    ledger: Ledger, words: Desk, trader: Caller, filled: OrderState
) -> None:
    before = StreamEvent.objects.filter(stream=user_stream(trader.user)).count()
    settle(ledger, told(words, filled, ExecType.TRADE_CORRECT, 3, exec_id="z", ref_exec_id="y", status=PARTLY, **LASTS))
    events = StreamEvent.objects.filter(stream=user_stream(trader.user), number__gt=before).order_by("number")
    kinds = [event.kind for event in events]
    assert kinds == [
        "order_trade_corrected",
        "execution_corrected",
        "execution_recorded",
        "position_changed",
        "order_reopened",
    ]
    old, new = (json.loads(event.data) for event in events[1:3])
    assert (old["execId"], old["status"], new["execId"], new["status"]) == ("y", "corrected", "z", "live")
    assert (new["refExecId"], new["quantity"], new["price"]) == ("y", "30", "149")
    assert StreamEvent.objects.filter(stream=desk_stream(trader.desk), kind="execution_corrected").exists()  # type: ignore[arg-type]
    assert [
        each["status"] for each in executions_page(Reach(trader.account), wanted=Wanted(), place=None, limit=9).items
    ]
    assert differences() == []


def test_trade_and_bust_of_one_batch_are_written_as_they_end(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    settle(
        ledger,
        told(words, order, ExecType.TRADE, 1, fill=(40, 150), exec_id="x"),
        told(words, order, ExecType.TRADE_CANCEL, 2, ref_exec_id="x"),
    )
    assert Execution.objects.get().status == "busted"
    assert Position.objects.get().quantity == 0
    assert Order.objects.get().status == "new"
    assert differences() == []


def test_a_correction_that_was_applied_before_a_restart_is_not_applied_again(
    ledger: Ledger, make_ledger: Callable[[], Ledger], words: Desk, filled: OrderState
) -> None:
    correction: dict[str, Any] = {"exec_id": "z", "ref_exec_id": "y", "status": PARTLY, **LASTS}
    settle(ledger, told(words, filled, ExecType.TRADE_CORRECT, 3, **correction))
    settled = settle(welcomed(make_ledger()), told(words, filled, ExecType.TRADE_CORRECT, 4, **correction))
    assert settled.draft.counts["repeated_executions"] == 1
    assert Order.objects.get().filled_quantity == 70


def test_an_operators_word_is_written_under_his_name(
    ledger: Ledger, words: Desk, trader: Caller, filled: OrderState
) -> None:
    told = words.amend_input(filled, "y", quantity_e8=60 * E8, price_e8=160 * E8)
    settle(ledger, told._replace(request=replace(told.request, operator=trader.user)))
    row = Order.objects.get()
    assert (row.status, row.filled_quantity, row.filled_notional_e16) == ("filled", 100, 15600 * 10**16)
    assert Execution.objects.get(exec_id="manual-1").ref_exec_id == "y"
    assert Position.objects.get().average_price == 156
    audit = AuditLog.objects.get(action="order.trade_corrected")
    assert (audit.user_id, audit.details["note"]) == (trader.user, "by telephone")
    assert differences() == []


def test_a_row_whose_bust_did_not_reach_it_is_found(ledger: Ledger, words: Desk, filled: OrderState) -> None:
    settle(ledger, told(words, filled, ExecType.TRADE_CANCEL, 3, ref_exec_id="y", cum_quantity_e8=40 * E8))
    Execution.objects.filter(exec_id="y").update(status="live")
    (difference,) = differences()
    assert "the filled quantity is not the sum of its executions" in difference.faults


def test_an_order_from_elsewhere_is_written_for_its_accounts_user(ledger: Ledger, words: Desk, trader: Caller) -> None:
    model = placed(ledger, words, trader)
    foreign = {"order_id": UNSEEN, "client_order_id": "phone-7", "account": "ann"}
    settle(ledger, told(words, model, ExecType.TRADE, 1, fill=(40, 150), **foreign))
    row = Order.objects.get(id=UNSEEN)
    assert (row.external, row.status, row.user_id, row.desk_id) == (True, "partially_filled", trader.user, trader.desk)
    assert list(OrderHistory.objects.filter(order=row).order_by("number").values_list("kind", flat=True)) == [
        "order_adopted",
        "order_partially_filled",
    ]
    events = StreamEvent.objects.filter(stream=user_stream(trader.user), kind="order_adopted")
    assert json.loads(events.get().data)["clientOrderId"] == "phone-7"
    assert AuditLog.objects.filter(action="order.adopted", resource_id=str(UNSEEN)).exists()
    assert differences() == []


def test_an_order_from_elsewhere_that_trades_in_the_batch_that_takes_it_in_adds_to_what_is_held(
    make_ledger: Callable[[], Ledger], words: Desk, filled: OrderState
) -> None:
    """After a restart, when no position is in memory."""
    foreign = {"order_id": UNSEEN, "client_order_id": "phone-7", "account": "ann"}
    settle(
        welcomed(make_ledger()),
        told(words, filled, ExecType.NEW, 3, **foreign),
        told(words, filled, ExecType.TRADE, 4, fill=(20, 150), exec_id="a", **foreign),
        told(words, filled, ExecType.TRADE, 5, fill=(20, 150), exec_id="b", **foreign),
        told(words, filled, ExecType.TRADE_CANCEL, 6, ref_exec_id="b", **foreign),
    )
    assert Position.objects.get().quantity == 120


@pytest.mark.parametrize("strange", [{"account": "nobody"}, {"client_order_id": "a-1"}, {"symbol": "NONE"}])
def test_one_that_fits_nobody_is_kept_in_quarantine(
    ledger: Ledger, words: Desk, trader: Caller, strange: dict[str, str]
) -> None:
    model = placed(ledger, words, trader)
    foreign = {"order_id": UNSEEN, "client_order_id": "phone-7", "account": "ann", **strange}
    settle(ledger, told(words, model, ExecType.NEW, 1, **foreign))
    assert QuarantinedReport.objects.get().order_id == UNSEEN
    assert not Order.objects.filter(id=UNSEEN).exists()


def test_reports_of_known_orders_ask_for_no_owner(ledger: Ledger, words: Desk, trader: Caller) -> None:
    order = placed(ledger, words, trader)
    with CaptureQueriesContext(connection) as queries:
        settle(ledger, told(words, order, ExecType.NEW, 1))
    assert not [query for query in queries if "accounts_user" in query["sql"] and "SELECT" in query["sql"]]
