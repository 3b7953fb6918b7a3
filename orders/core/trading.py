"""What does a trade do to its order and to the position? It counts once, by its execution id."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from msgspec.structs import replace

from bridge.wire.messages import ExecutionReport
from orders.core.commands import settle_if_final
from orders.core.draft import Draft
from orders.core.positions import position_id, traded, worked_out
from orders.core.quarantine import engine_words, quarantine, report_facts
from orders.core.state import Cursor, ExecutionState, OrderState, PositionState
from orders.lifecycle import OrderEvent

EXECUTION_IDS = uuid.UUID("5f6a1e0c-8b52-4f0e-9c55-6d1f1f0d8a10")


# --- a trade -------------------------------------------------------------------------------------------------------
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
    record(draft, execution_of(after, report))
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


def execution_id(exec_id: str) -> uuid.UUID:
    return uuid.uuid5(EXECUTION_IDS, exec_id)


def execution_of(order: OrderState, report: ExecutionReport) -> ExecutionState:
    return ExecutionState(
        id=execution_id(report.exec_id),
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


def record(draft: Draft, execution: ExecutionState) -> None:
    draft.executions.put(execution.exec_id, execution)
    draft.happenings.append(execution)


def check_quantities(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    """What the engine says beside the trade must agree with the sum of the trades; where not, people must look."""
    for sentence in disagreements(order, report):
        draft.alarm(sentence, **report_facts(report), filled_e8=order.filled_e8, engine_says_e8=report.cum_quantity_e8)


def disagreements(order: OrderState, report: ExecutionReport) -> Iterator[str]:
    """The sum of the trades counts, whatever the engine says it is."""
    cum_e8, leaves_e8 = report.cum_quantity_e8, report.leaves_quantity_e8
    if order.filled_e8 > order.quantity_e8:
        yield "An order was overfilled"
    if cum_e8 > order.filled_e8:
        yield "Executions of an order are missing"
    elif cum_e8 < order.filled_e8:
        yield "The engine counts fewer fills of an order than it has told"
    if report.quantity_e8 != order.quantity_e8 and not order.final:
        yield "The engine trades an order under another total"
    if leaves_e8 and cum_e8 + leaves_e8 != report.quantity_e8:
        yield "The engine's quantities of an order do not add up"


# --- the position --------------------------------------------------------------------------------------------------
def change_position(draft: Draft, order: OrderState, report: ExecutionReport) -> None:
    before = draft.positions.get((order.account, order.symbol)) or flat(order)
    after = traded(before, side=order.side, quantity_e8=report.last_quantity_e8, price_e8=report.last_price_e8)
    keep_position(draft, after, order)


def work_out_position(draft: Draft, order: OrderState) -> None:
    """From all live executions of the account in the symbol, which are looked up for an amendment."""
    position = draft.positions.get((order.account, order.symbol)) or flat(order)
    held = order.account, order.symbol
    own = [each for each in draft.executions.values() if (each.account, each.symbol) == held]
    keep_position(draft, worked_out(position, own), order)


def flat(order: OrderState) -> PositionState:
    return PositionState(
        id=position_id(order.account, order.symbol),
        user=order.user,
        account=order.account,
        account_name=order.account_name,
        symbol=order.symbol,
        exchange=order.exchange,
    )


def keep_position(draft: Draft, position: PositionState, order: OrderState) -> None:
    after = replace(position, user=order.user, desk=order.desk, updated_at_us=draft.now_us)
    draft.positions.put((order.account, order.symbol), after)
    draft.happenings.append(after)
