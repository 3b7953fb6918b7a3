"""What does an execution report do? In sequence only, each once; what cannot be applied is set aside, never lost.

A report is applied where it is the next one. A gap stops applying and asks for a replay; a repeat is counted. The fill
of an order is the sum of its executions: the engine's cumulative quantity is a check, not a source.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import ExecType
from orders.core.adopting import adopt
from orders.core.amending import apply_amendment
from orders.core.auditing import Audit
from orders.core.book import Phase
from orders.core.causes import KEPT_REASONS
from orders.core.commands import replace_under_way, settle_if_final
from orders.core.draft import Draft
from orders.core.quarantine import engine_words, quarantine, report_facts
from orders.core.replacing import replaced
from orders.core.state import Cursor, OrderState, Terms
from orders.core.trading import apply_trade, check_quantities
from orders.lifecycle import IllegalEvent, OrderEvent
from tradingmw.errors import Code

EVENTS = {
    ExecType.NEW: OrderEvent.ACKNOWLEDGED,
    ExecType.CANCELED: OrderEvent.CANCELED,
    ExecType.REJECTED: OrderEvent.REJECTED,
    ExecType.EXPIRED: OrderEvent.EXPIRED,
}


def reported(draft: Draft, report: ExecutionReport) -> bool:
    """Apply the next report; False where it was a repeat or came too early."""
    if not is_next(draft, report):
        heed_old_number(draft, report)
        return False
    draft.cursor = Cursor(report.epoch, report.seq)
    try:
        apply(draft, report)
    except IllegalEvent as error:
        quarantine(draft, report, str(error))
    return True


def is_next(draft: Draft, report: ExecutionReport) -> bool:
    """Before a welcome none is: the replay after it brings them, and the instruments of the epoch are known then."""
    epoch, seq = draft.cursor.epoch, draft.cursor.seq
    if (report.epoch, report.seq) <= (epoch, seq):
        draft.counts["repeated_reports"] += 1
        return False
    proper = report.seq == seq + 1 if report.epoch == epoch else begins_epoch(draft, report)
    if draft.link.phase is Phase.DOWN or not (proper or draft.link.jump_allowed):
        draft.counts["early_reports"] += 1
        return False
    return True


def heed_old_number(draft: Draft, report: ExecutionReport) -> None:
    """A trade under a number that was applied, but not this trade: the engine's numbers went back. It is not lost."""
    old = (report.epoch, report.seq) <= (draft.cursor.epoch, draft.cursor.seq)
    if old and report.exec_type is ExecType.TRADE and draft.executions.get(report.exec_id) is None:
        quarantine(draft, report, "Its number was used before, and its execution is not known.")


def begins_epoch(draft: Draft, report: ExecutionReport) -> bool:
    """Is it the first of a later epoch, with nothing of the earlier one still to come?

    Only a replay tells them in order, and one of which something could not be read may lack the earlier one's end. A
    report of the running epoch that is younger than the welcome may have been sent before the replay began, ahead of
    older ones; it is left to the next replay.
    """
    in_replay = report.epoch < draft.link.epoch or report.seq <= draft.link.welcome_seq
    return report.seq == 1 and in_replay and not draft.link.torn


def apply(draft: Draft, report: ExecutionReport) -> None:
    order = draft.orders.get(report.order_id) or adopt(draft, report)
    if order is None:
        return
    if mixed_up := mixture(order, report):
        quarantine(draft, report, mixed_up)
    elif report.exec_type in EVENTS:
        apply_event(draft, order, report, EVENTS[report.exec_type])
    else:
        APPLIERS[report.exec_type](draft, order, report)


def mixture(order: OrderState, report: ExecutionReport) -> str:
    """What in the report belongs to another order."""
    if (order.account_name, order.client_order_id) != (report.account, report.client_order_id):
        return "Account or client order id is not that of the order."
    if (order.symbol, order.side) != (report.symbol, report.side):
        return "Symbol or side is not that of the order."
    return ""


def apply_event(draft: Draft, order: OrderState, report: ExecutionReport, event: OrderEvent) -> None:
    """Something that happened to the order without a trade."""
    reason = Code.ENGINE_REJECTED.value if event is OrderEvent.REJECTED else reason_kept(order)
    after = draft.happen(
        order,
        event,
        reason=reason,
        source=Cursor(report.epoch, report.seq),
        details=engine_words(report),
        external_order_id=report.external_order_id,
        engine_epoch=report.epoch,
    )
    if event is OrderEvent.REJECTED:
        draft.audits.append(Audit(after.user, "order.rejected", str(after.id), None, engine_words(report)))
    settle_if_final(draft, after)


def reason_kept(order: OrderState) -> str:
    """An order that nobody asked to cancel has ended for the reason for which it was cancelled."""
    return order.reason if order.reason in KEPT_REASONS else ""


def apply_replaced(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    """The terms are the engine's. A total that is filled already ends the order: nothing is left to trade."""
    if replace_under_way(draft, order) is None:
        draft.alarm("The engine changed an order without being asked to", **report_facts(report))
    told = Terms(report.quantity_e8, report.price_e8, report.stop_price_e8)
    source = Cursor(report.epoch, report.seq)
    identity = {"external_order_id": report.external_order_id, "engine_epoch": report.epoch}
    after = replaced(draft, order, told.differing(order), details=engine_words(report), source=source, **identity)
    if not after.final and after.filled_e8 >= after.quantity_e8:
        after = draft.happen(after, OrderEvent.FILLED, source=source, details=engine_words(report))
    check_quantities(draft, after, report)
    settle_if_final(draft, after)


def set_aside(draft: Draft, report: ExecutionReport, why: str) -> None:
    """A report that cannot be stored: quarantined, so that what follows it can be applied."""
    if is_next(draft, report):
        draft.cursor = Cursor(report.epoch, report.seq)
        quarantine(draft, report, why)


APPLIERS: dict[ExecType, Callable[[Draft, OrderState, ExecutionReport], None]] = {
    ExecType.TRADE: apply_trade,
    ExecType.TRADE_CANCEL: apply_amendment,
    ExecType.TRADE_CORRECT: apply_amendment,
    ExecType.REPLACED: apply_replaced,
}
