"""What does an execution report do? In sequence only, each once; what cannot be applied is set aside, never lost.

A report is applied where it is the next one. A gap stops applying and asks for a replay; a repeat is counted. The fill
of an order is the sum of its executions: the engine's cumulative quantity is a check, not a source.
"""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import ExecType
from orders.core.book import Audit, Draft, Phase, Quarantined
from orders.core.commands import replace_under_way
from orders.core.positions import traded
from orders.core.replacing import replaced
from orders.core.state import Cursor, ExecutionState, OrderState, PositionState, Terms
from orders.lifecycle import IllegalEvent, OrderEvent
from tradingmw.errors import Code

EXECUTION_IDS = uuid.UUID("5f6a1e0c-8b52-4f0e-9c55-6d1f1f0d8a10")
POSITION_IDS = uuid.UUID("0d6a5c43-41a3-4b43-8a0f-3f9b6f2a7c11")

EVENTS = {
    ExecType.NEW: OrderEvent.ACKNOWLEDGED,
    ExecType.CANCELED: OrderEvent.CANCELED,
    ExecType.REJECTED: OrderEvent.REJECTED,
    ExecType.EXPIRED: OrderEvent.EXPIRED,
}


def reported(draft: Draft, report: ExecutionReport) -> bool:
    """Apply the next report; False where it was a repeat or came too early."""
    if not is_next(draft, report):
        return False
    draft.cursor = Cursor(report.epoch, report.seq)
    try:
        apply(draft, report)
    except IllegalEvent as error:
        quarantine(draft, report, str(error))
    return True


def is_next(draft: Draft, report: ExecutionReport) -> bool:
    epoch, seq = draft.cursor.epoch, draft.cursor.seq
    if (report.epoch, report.seq) <= (epoch, seq):
        draft.counts["repeated_reports"] += 1
        return False
    proper = report.seq == seq + 1 if report.epoch == epoch else begins_epoch(draft, report)
    if not proper and not draft.link.jump_allowed:
        draft.counts["early_reports"] += 1
        return False
    return True


def begins_epoch(draft: Draft, report: ExecutionReport) -> bool:
    """Is it the first of a later epoch, with nothing of the earlier one still to come?

    Only a replay tells them in order. A report of the running epoch that is younger than the welcome may have been sent
    before the replay began, ahead of older ones; it is left to the next replay.
    """
    in_replay = report.epoch < draft.link.epoch or report.seq <= draft.link.welcome_seq
    return report.seq == 1 and draft.link.phase is not Phase.DOWN and in_replay


def apply(draft: Draft, report: ExecutionReport) -> None:
    order = draft.orders.get(report.order_id)
    if order is None:
        quarantine(draft, report, "The order is not known here.")
    elif (order.account_name, order.client_order_id) != (report.account, report.client_order_id):
        quarantine(draft, report, "Account or client order id is not that of the order.")
    elif report.exec_type is ExecType.TRADE:
        apply_trade(draft, order, report)
    elif report.exec_type is ExecType.REPLACED:
        apply_replaced(draft, order, report)
    elif report.exec_type in EVENTS:
        apply_event(draft, order, report, EVENTS[report.exec_type])
    else:
        quarantine(draft, report, f"{report.exec_type} reports are not applied.")


def apply_event(draft: Draft, order: OrderState, report: ExecutionReport, event: OrderEvent) -> None:
    """Something that happened to the order without a trade."""
    reason = Code.ENGINE_REJECTED.value if event is OrderEvent.REJECTED else ""
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


def apply_trade(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    if before := draft.executions.get(report.exec_id):
        repeated_trade(draft, before, report)
        return
    filled_e8 = order.filled_e8 + report.last_quantity_e8
    event = OrderEvent.FILLED if filled_e8 >= order.quantity_e8 else OrderEvent.PARTIALLY_FILLED
    after = draft.happen(
        order,
        event,
        source=Cursor(report.epoch, report.seq),
        details={"execId": report.exec_id, **engine_words(report)},
        filled_e8=filled_e8,
        filled_notional_e16=order.filled_notional_e16 + report.last_quantity_e8 * report.last_price_e8,
        external_order_id=report.external_order_id,
        engine_epoch=report.epoch,
    )
    execution = execution_of(after, report)
    draft.executions.put(execution.exec_id, execution)
    draft.happenings.append(execution)
    change_position(draft, after, report)
    check_quantities(draft, after, report)
    settle_if_final(draft, after)


def repeated_trade(draft: Draft, before: ExecutionState, report: ExecutionReport) -> None:
    """The same execution under a new number is ignored; another one under the same id is not to be trusted."""
    told = (report.order_id, report.last_quantity_e8, report.last_price_e8)
    if (before.order_id, before.quantity_e8, before.price_e8) == told:
        draft.counts["repeated_executions"] += 1
    else:
        quarantine(draft, report, "The execution id was used for another execution.")


def execution_of(order: OrderState, report: ExecutionReport) -> ExecutionState:
    return ExecutionState(
        id=uuid.uuid5(EXECUTION_IDS, report.exec_id),
        exec_id=report.exec_id,
        order_id=order.id,
        client_order_id=order.client_order_id,
        user=order.user,
        account=order.account,
        account_name=order.account_name,
        desk=order.desk,
        symbol=order.symbol,
        exchange=order.exchange,
        side=order.side,
        quantity_e8=report.last_quantity_e8,
        price_e8=report.last_price_e8,
        engine_epoch=report.epoch,
        engine_seq=report.seq,
        executed_at_us=report.transacted_at_us,
    )


def change_position(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    key = (order.account, order.symbol)
    before = draft.positions.get(key) or PositionState(
        id=uuid.uuid5(POSITION_IDS, f"{order.account.hex}:{order.symbol}"),
        user=order.user,
        account=order.account,
        account_name=order.account_name,
        symbol=order.symbol,
        exchange=order.exchange,
    )
    after = traded(before, side=order.side, quantity_e8=report.last_quantity_e8, price_e8=report.last_price_e8)
    after = replace(after, user=order.user, desk=order.desk, updated_at_us=draft.now_us)
    draft.positions.put(key, after)
    draft.happenings.append(after)


def check_quantities(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    """What the engine says beside the trade must agree with the sum of the trades; where not, people must look."""
    if order.filled_e8 > order.quantity_e8:
        draft.alarm("An order was overfilled", **report_facts(report), filled_e8=order.filled_e8)
    elif report.cum_quantity_e8 > order.filled_e8:
        draft.alarm("Executions of an order are missing", **report_facts(report), filled_e8=order.filled_e8)


def settle_if_final(draft: Draft, order: OrderState) -> None:
    if order.final:
        draft.asks.drop(order.id)
        draft.claims.drop(order.id)
        draft.replaces.drop(order.id)


def quarantine(draft: Draft, report: ExecutionReport, reason: str) -> None:
    draft.quarantined.append(Quarantined(report, reason))
    draft.alarm("An execution report was quarantined", why=reason, **report_facts(report))


def set_aside(draft: Draft, report: ExecutionReport, why: str) -> None:
    """A report that cannot be stored: quarantined, so that what follows it can be applied."""
    if is_next(draft, report):
        draft.cursor = Cursor(report.epoch, report.seq)
        quarantine(draft, report, why)


def engine_words(report: ExecutionReport) -> dict[str, str]:
    words = {"engineCode": report.code.value if report.code else "", "engineReason": report.reason}
    return {key: word for key, word in words.items() if word}


def report_facts(report: ExecutionReport) -> dict[str, object]:
    return {
        "order_id": str(report.order_id),
        "client_order_id": report.client_order_id,
        "exec_id": report.exec_id,
        "exec_type": report.exec_type.value,
        "engine_epoch": report.epoch,
        "engine_seq": report.seq,
    }
