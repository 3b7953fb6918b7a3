"""Which columns does each decision write? The inverse of `orders/rows.py`: states to rows, in the core's integers."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Any

import msgspec

from orders.core.auditing import Audit
from orders.core.comparison import Difference, Run
from orders.core.outcomes import OrderChanged, Quarantined
from orders.core.state import CommandState, ExecutionState, OrderState, PositionState
from orders.ids import derived_id, new_id
from orders.instants import instant, micros

Columns = dict[str, Any]

#: what changes in an order after it was accepted
ORDER_CHANGES = (
    "status",
    "quantity",
    "price",
    "stop_price",
    "filled_quantity",
    "filled_notional_e16",
    "external_order_id",
    "engine_epoch",
    "cancel_wanted",
    "reason",
    "trace",
    "held",
    "reference_price",
    "version",
    "updated_at",
)
#: what a bust or correction changes in an execution
EXECUTION_CHANGES = ("status", "superseded_by")
POSITION_CHANGES = (
    "user_id",
    "quantity",
    "cost_e16",
    "realized_e16",
    "current_price",
    "average_price",
    "unrealized_pnl",
    "realized_pnl",
    "updated_at",
)


RUN_CHANGES = ("outcome", "ended_at", "here", "engine", "repaired", "flagged", "gone")


def client_order_key(client_order_id: str) -> str:
    """Hexadecimal bytes: equal under any collation exactly when the ids are equal."""
    return client_order_id.encode().hex()


def exec_key(exec_id: str) -> str:
    return hashlib.sha256(exec_id.encode()).hexdigest()


def order_columns(order: OrderState) -> Columns:
    return {
        "id": order.id,
        "user_id": order.user,
        "account_id": order.account,
        "desk_id": order.desk,
        "client_order_id": order.client_order_id,
        "client_order_key": client_order_key(order.client_order_id),
        "fingerprint": order.fingerprint,
        "symbol": order.symbol,
        "exchange": order.exchange,
        "side": str(order.side),
        "order_type": str(order.order_type),
        "time_in_force": str(order.time_in_force),
        "quantity": order.quantity_e8,
        "price": order.price_e8,
        "stop_price": order.stop_price_e8,
        "expires_at": None if order.expires_at_us is None else instant(order.expires_at_us),
        "status": str(order.status),
        "filled_quantity": order.filled_e8,
        "filled_notional_e16": order.filled_notional_e16,
        "external_order_id": order.external_order_id,
        "engine_epoch": order.engine_epoch,
        "cancel_wanted": order.cancel_wanted,
        "external": order.external,
        "reason": order.reason,
        "trace": order.trace,
        "session_id": order.session,
        "held": str(order.held),
        "group_id": order.group,
        "leg": order.leg,
        "shared_quantity": order.shared_e8,
        "reference_price": order.reference_e8,
        "version": order.version,
        "created_at": instant(order.created_at_us),
        "updated_at": instant(order.updated_at_us),
    }


def history_columns(changed: OrderChanged) -> Columns:
    order = changed.order
    return {
        "id": derived_id(order.updated_at_us, f"{order.id.hex}:{order.version}"),
        "order_id": order.id,
        "number": order.version,
        "kind": str(changed.event),
        "status": str(order.status),
        "reason": changed.reason,
        "status_details": changed.details,
        "engine_epoch": changed.source.epoch,
        "engine_seq": changed.source.seq,
        **changed.hops._asdict(),
        "timestamp": instant(order.updated_at_us),
    }


def run_columns(run: Run) -> Columns:
    return {
        "id": run.id,
        "cause": str(run.cause),
        "outcome": str(run.outcome),
        "session": run.session,
        "engine_epoch": run.epoch,
        "began_at": instant(run.began_us),
        "ended_at": instant(run.ended_us) if run.ended_us else None,
        "here": run.here,
        "engine": run.engine,
        "repaired": run.repaired,
        "flagged": run.flagged,
        "gone": run.gone,
    }


def difference_columns(difference: Difference) -> Columns:
    suspect = difference.suspect
    return {
        "id": uuid.uuid4(),
        "reconciliation_id": difference.run,
        "order_id": suspect.order_id,
        "account": suspect.account,
        "client_order_id": suspect.client_order_id,
        "kind": str(suspect.kind),
        "here": suspect.here,
        "engine": suspect.engine,
        "finding": str(difference.finding),
        "found_at": instant(difference.found_us),
    }


def execution_columns(execution: ExecutionState) -> Columns:
    return {
        "id": execution.id,
        "exec_id": execution.exec_id,
        "exec_key": exec_key(execution.exec_id),
        "order_id": execution.order_id,
        "user_id": execution.user,
        "account_id": execution.account,
        "symbol": execution.symbol,
        "exchange": execution.exchange,
        "side": str(execution.side),
        "quantity": execution.quantity_e8,
        "price": execution.price_e8,
        "engine_epoch": execution.engine_epoch,
        "engine_seq": execution.engine_seq,
        "executed_at": instant(execution.executed_at_us),
        "status": str(execution.status),
        "ref_exec_id": execution.ref_exec_id,
        "superseded_by": execution.superseded_by,
    }


def position_columns(position: PositionState) -> Columns:
    return {
        "id": position.id,
        "user_id": position.user,
        "account_id": position.account,
        "symbol": position.symbol,
        "exchange": position.exchange,
        "quantity": position.quantity_e8,
        "cost_e16": position.cost_e16,
        "realized_e16": position.realized_e16,
        "current_price": position.current_price_e8,
        "average_price": position.average_price_e8,
        "unrealized_pnl": position.unrealized_pnl_e4,
        "realized_pnl": position.realized_pnl_e4,
        "updated_at": instant(position.updated_at_us),
    }


def command_columns(command: CommandState, at: datetime) -> Columns:
    return {
        "session": command.session,
        "seq": command.seq,
        "kind": str(command.kind),
        "order_id": command.order_id,
        "deadline_us": command.deadline_us,
        "side": str(command.side) if command.side else "",
        "quantity": command.terms.quantity_e8,
        "price": command.terms.price_e8,
        "stop_price": command.terms.stop_price_e8,
        "progress": str(command.progress),
        "created_at": at,
    }


def audit_columns(audit: Audit, at: datetime) -> Columns:
    return {
        "id": new_id(micros(at)),
        "user_id": audit.user,
        "action": audit.action,
        "resource": audit.resource,
        "resource_id": audit.order_id,
        "details": audit.details,
        "before": audit.before,
        "after": audit.after,
        "session_id": audit.session,
        "request_id": audit.trace,
        "ip_address": audit.ip_address,
        "timestamp": at,
    }


def quarantine_columns(quarantined: Quarantined, at: datetime) -> Columns:
    report = quarantined.report
    return {
        "id": uuid.uuid4(),
        "engine_epoch": report.epoch,
        "engine_seq": report.seq,
        "order_id": report.order_id,
        "reason": quarantined.reason[:200],
        "report": msgspec.to_builtins(report),
        "received_at": at,
    }
