"""How does a stored row become the state that the core decides on?

Read rows with `select_related("account", "desk")` (orders) or `("account", "order")` (executions), since the shapes
name the account.
"""

from __future__ import annotations

from decimal import Decimal

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.state import (
    CommandKind,
    CommandProgress,
    CommandState,
    ExecutionState,
    ExecutionStatus,
    Held,
    OrderState,
    PositionState,
    Terms,
)
from orders.instants import micros
from orders.lifecycle import OrderStatus
from orders.models import EngineCommand, Execution, Order, Position
from tradingmw.scaled import to_e8


def scaled(value: Decimal | None) -> int | None:
    return None if value is None else to_e8(value)


def order_state(row: Order) -> OrderState:
    return OrderState(
        id=row.id,
        user=row.user_id,
        account=row.account_id,
        account_name=row.account.name,
        desk=row.desk_id,
        desk_name=row.desk.name if row.desk else None,
        client_order_id=row.client_order_id,
        fingerprint=row.fingerprint,
        symbol=row.symbol,
        exchange=row.exchange,
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        time_in_force=TimeInForce(row.time_in_force),
        quantity_e8=to_e8(row.quantity),
        price_e8=scaled(row.price),
        stop_price_e8=scaled(row.stop_price),
        expires_at_us=micros(row.expires_at) if row.expires_at else None,
        status=OrderStatus(row.status),
        filled_e8=to_e8(row.filled_quantity),
        filled_notional_e16=row.filled_notional_e16,
        external_order_id=row.external_order_id,
        engine_epoch=row.engine_epoch,
        cancel_wanted=row.cancel_wanted,
        external=row.external,
        reason=row.reason,
        trace=row.trace,
        session=row.session_id,
        held=Held(row.held),
        group=row.group_id,
        leg=row.leg,
        shared_e8=scaled(row.shared_quantity),
        reference_e8=scaled(row.reference_price),
        version=row.version,
        created_at_us=micros(row.created_at),
        updated_at_us=micros(row.updated_at),
    )


def execution_state(row: Execution) -> ExecutionState:
    return ExecutionState(
        id=row.id,
        exec_id=row.exec_id,
        order_id=row.order_id,
        client_order_id=row.order.client_order_id,
        user=row.user_id,
        account=row.account_id,
        account_name=row.account.name,
        desk=row.order.desk_id,
        symbol=row.symbol,
        exchange=row.exchange,
        side=Side(row.side),
        quantity_e8=to_e8(row.quantity),
        price_e8=to_e8(row.price),
        engine_epoch=row.engine_epoch,
        engine_seq=row.engine_seq,
        executed_at_us=micros(row.executed_at),
        status=ExecutionStatus(row.status),
        ref_exec_id=row.ref_exec_id,
        superseded_by=row.superseded_by,
    )


def position_state(row: Position) -> PositionState:
    return PositionState(
        id=row.id,
        user=row.user_id,
        account=row.account_id,
        account_name=row.account.name,
        desk=row.account.desk_id,
        symbol=row.symbol,
        exchange=row.exchange,
        quantity_e8=to_e8(row.quantity),
        cost_e16=row.cost_e16,
        realized_e16=row.realized_e16,
        current_price_e8=to_e8(row.current_price),
        updated_at_us=micros(row.updated_at),
    )


def command_state(row: EngineCommand) -> CommandState:
    return CommandState(
        session=row.session,
        seq=row.seq,
        kind=CommandKind(row.kind),
        order_id=row.order_id,
        deadline_us=row.deadline_us,
        side=Side(row.side) if row.side else None,
        terms=Terms(scaled(row.quantity), scaled(row.price), scaled(row.stop_price)),
        progress=CommandProgress(row.progress),
    )
