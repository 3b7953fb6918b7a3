"""What does the bust or the correction of an execution do? The fill of an order is the sum of its live executions.

A bust makes an execution void; a correction puts another one in its place. Both may name the first execution or any
that has stood in its place since. The position is worked out again from all that is live then, as though the void had
never been: an opposite trade would leave another average price.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import EngineOrderStatus, ExecType
from orders.core.auditing import Audit
from orders.core.commands import ask_later, settle_if_final
from orders.core.draft import Draft
from orders.core.inputs import Amend
from orders.core.outcomes import OrderReply
from orders.core.quarantine import engine_words, quarantine
from orders.core.requesting import late
from orders.core.state import NOWHERE, Cursor, ExecutionState, ExecutionStatus, OrderState
from orders.core.trading import check_quantities, execution_id, execution_of, record, repeated_trade, work_out_position
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import AmendExecution
from tradingmw.errors import InvalidRequest, NotFound
from tradingmw.scaled import text_e8

WORKING = frozenset({EngineOrderStatus.NEW, EngineOrderStatus.PARTIALLY_FILLED})


class Amendment(NamedTuple):
    """An execution, and what stands in its place: None = nothing."""

    before: ExecutionState
    after: ExecutionState | None

    @property
    def quantity_e8(self) -> int:
        """By how much more the order is filled."""
        return (self.after.quantity_e8 if self.after else 0) - self.before.quantity_e8

    @property
    def notional_e16(self) -> int:
        then = self.after.quantity_e8 * self.after.price_e8 if self.after else 0
        return then - self.before.quantity_e8 * self.before.price_e8

    @property
    def words(self) -> dict[str, str]:
        """As they stand in the history."""
        told = {"refExecId": self.before.exec_id}
        if self.after:
            told |= {"lastQuantity": text_e8(self.after.quantity_e8), "lastPrice": text_e8(self.after.price_e8)}
        return told


class Told(NamedTuple):
    """How the order stands after it, as who amends it tells."""

    exec_id: str  #: of the bust or correction itself
    source: Cursor
    total_e8: int
    works: bool  #: what is not filled is in the book
    words: dict[str, str]
    by: UUID | None = None  #: the operator; None: the engine


# --- a report ------------------------------------------------------------------------------------------------------
def apply_amendment(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    """A bust or a correction, by the reference to the execution that it speaks of."""
    if known := draft.executions.get(report.exec_id):
        repeated_trade(draft, known, report)
        return
    before = standing(draft, report.ref_exec_id or "")
    bust = report.exec_type is ExecType.TRADE_CANCEL
    if before is None or before.order_id != order.id:
        quarantine(draft, report, "The execution that it speaks of is not one of this order.")
    elif before.live:
        after = None if bust else in_place_of(before, execution_of(order, report))
        check_quantities(draft, amend(draft, order, Amendment(before, after), told_by(report)), report)
    elif bust:
        draft.counts["repeated_executions"] += 1
    else:
        quarantine(draft, report, "The execution that it corrects is void.")


def standing(draft: Draft, exec_id: str) -> ExecutionState | None:
    """What stands in the place of the execution now: live, or void; None where it is not known."""
    execution = draft.executions.get(exec_id)
    while execution is not None and execution.status is ExecutionStatus.CORRECTED:
        execution = draft.executions.get(execution.superseded_by)
    return execution


def in_place_of(before: ExecutionState, execution: ExecutionState) -> ExecutionState:
    """Traded when the first was traded."""
    return replace(execution, ref_exec_id=before.exec_id, executed_at_us=before.executed_at_us)


def told_by(report: ExecutionReport) -> Told:
    works = report.status in WORKING and report.leaves_quantity_e8 > 0
    source = Cursor(report.epoch, report.seq)
    return Told(report.exec_id, source, report.quantity_e8, works, engine_words(report))


# --- an operator ---------------------------------------------------------------------------------------------------
def amend_by_hand(draft: Draft, asked: Amend) -> None:
    """What the engine does not report, an operator may: under his name, with his note, and as long as it lives."""
    request = asked.request
    order, before = draft.orders.get(request.order_id), standing(draft, request.exec_id)
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    elif (request.quantity_e8 is None) != (request.price_e8 is None):
        draft.refuse(asked.ticket, InvalidRequest("Give quantity and price, or neither: then the execution is void."))
    elif order is None or before is None or before.order_id != order.id:
        draft.refuse(asked.ticket, NotFound("There is no such execution."))
    elif request.amendment_id == before.superseded_by or draft.executions.get(request.amendment_id):
        draft.counts["repeated_requests"] += 1
        draft.replies.append(OrderReply(asked.ticket, order, False, order.user, 0))
    elif not before.live:
        draft.refuse(asked.ticket, InvalidRequest("The execution is void already."))
    else:
        amendment = Amendment(before, by_hand(before, request))
        after = amend(draft, order, amendment, told_by_operator(order, amendment, request))
        draft.replies.append(OrderReply(asked.ticket, after, True, after.user, 0))


def by_hand(before: ExecutionState, request: AmendExecution) -> ExecutionState | None:
    if request.quantity_e8 is None or request.price_e8 is None:
        return None
    execution = replace(before, id=execution_id(request.amendment_id), exec_id=request.amendment_id)
    told = {"quantity_e8": request.quantity_e8, "price_e8": request.price_e8, "engine_epoch": 0, "engine_seq": 0}
    return in_place_of(before, replace(execution, **told))


def told_by_operator(order: OrderState, amendment: Amendment, request: AmendExecution) -> Told:
    """The engine's book stays as it is: as much is open as before."""
    words = {"by": request.operator_name, "note": request.note}
    total_e8 = order.quantity_e8 + amendment.quantity_e8
    return Told(request.amendment_id, NOWHERE, total_e8, False, words, request.operator)


# --- what it does --------------------------------------------------------------------------------------------------
def amend(draft: Draft, order: OrderState, amendment: Amendment, told: Told) -> OrderState:
    """Order, executions and position as though the trade had always been so; people are told."""
    event = OrderEvent.TRADE_CORRECTED if amendment.after else OrderEvent.TRADE_BUSTED
    changes = changes_of(order, amendment, told)
    details = {"execId": told.exec_id, **amendment.words, "filledQuantity": text_e8(changes["filled_e8"]), **told.words}
    if "quantity_e8" in changes:
        details["quantity"] = text_e8(told.total_e8)
    after = draft.happen(order, event, details=details, source=told.source, **changes)
    supersede(draft, amendment, told.exec_id)
    work_out_position(draft, after)
    after = carry_on(draft, after, told)
    draft.audits.append(Audit(told.by or after.user, event.value.replace("_", ".", 1), str(after.id), None, details))
    draft.alarm("An execution was busted or corrected", order_id=str(order.id), **details)
    settle_if_final(draft, after)
    return after


def changes_of(order: OrderState, amendment: Amendment, told: Told) -> dict[str, Any]:
    """The total changes with it where an open order does not get back to work what was void."""
    changes: dict[str, Any] = {
        "filled_e8": order.filled_e8 + amendment.quantity_e8,
        "filled_notional_e16": order.filled_notional_e16 + amendment.notional_e16,
    }
    if not order.final and told.total_e8 != order.quantity_e8:
        changes["quantity_e8"] = told.total_e8
    return changes


def supersede(draft: Draft, amendment: Amendment, exec_id: str) -> None:
    status = ExecutionStatus.CORRECTED if amendment.after else ExecutionStatus.BUSTED
    record(draft, replace(amendment.before, status=status, superseded_by=exec_id))
    if amendment.after:
        record(draft, amendment.after)


def carry_on(draft: Draft, order: OrderState, told: Told) -> OrderState:
    """An order that is filled no more works again only if it is said to; one that is filled now has ended."""
    if order.filled_e8 >= order.quantity_e8:
        filled = order.status is OrderStatus.FILLED
        return order if filled else draft.happen(order, OrderEvent.FILLED, source=told.source)
    if order.status is not OrderStatus.FILLED:
        return order
    if told.works:
        return reopened(draft, order, told.source)
    return draft.happen(order, OrderEvent.UNFILLED, source=told.source)


def reopened(draft: Draft, order: OrderState, source: Cursor) -> OrderState:
    """A cancel that the fill had overtaken is wanted as before."""
    draft.alarm("An ended order works again", order_id=str(order.id))
    after = draft.happen(order, OrderEvent.REOPENED, source=source)
    if after.cancel_wanted:
        after = draft.happen(after, OrderEvent.CANCEL_REQUESTED, details={"why": "It was wanted before the fill."})
        ask_later(draft, after, draft.now_us)
    return after
