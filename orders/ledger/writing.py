"""In which statements is a draft written? One per table, stream events last, all inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db.backends.utils import CursorWrapper as Cursor

from accounts.models import AuditLog
from notifications.stream import NewEvent, append, desk_stream, last_numbers, user_stream
from orders.core.comparison import RunOutcome
from orders.core.draft import Draft
from orders.core.outcomes import Happening, OrderChanged
from orders.core.state import ExecutionState, ExecutionStatus, PositionState
from orders.instants import instant
from orders.ledger.approvals import write_approval_notices
from orders.ledger.columns import (
    EXECUTION_CHANGES,
    ORDER_CHANGES,
    POSITION_CHANGES,
    RUN_CHANGES,
    Columns,
    audit_columns,
    command_columns,
    difference_columns,
    execution_columns,
    history_columns,
    order_columns,
    position_columns,
    quarantine_columns,
    run_columns,
)
from orders.ledger.safeguards import write_notices, write_safeguards
from orders.ledger.statements import Insert, Update
from orders.ledger.states import write_states
from orders.models import (
    EngineCommand,
    EngineCursor,
    Execution,
    Order,
    OrderHistory,
    Position,
    QuarantinedReport,
    Reconciliation,
    ReconciliationDifference,
)
from orders.shapes import execution_shape, order_shape, position_shape

CURSOR_ID = 1
Numbers = dict[str, int]


class Written(NamedTuple):
    """The number that each stream has reached, and the commands that may leave once it is committed, as written."""

    numbers: Numbers
    commands: Sequence[Columns]


EXECUTION_KINDS = {
    ExecutionStatus.LIVE: "execution_recorded",
    ExecutionStatus.CORRECTED: "execution_corrected",
    ExecutionStatus.BUSTED: "execution_busted",
}

insert_orders, update_orders = Insert(Order), Update(Order, ORDER_CHANGES)
insert_positions, update_positions = Insert(Position), Update(Position, POSITION_CHANGES)
insert_history = Insert(OrderHistory)
insert_executions, update_executions = Insert(Execution), Update(Execution, EXECUTION_CHANGES)
insert_commands, update_commands = Insert(EngineCommand), Update(EngineCommand, ["progress"], ["session", "seq"])
update_cursor = Update(EngineCursor, ["epoch", "seq"])
insert_runs, update_runs = Insert(Reconciliation), Update(Reconciliation, RUN_CHANGES)
insert_differences = Insert(ReconciliationDifference)
insert_audits, insert_quarantined = Insert(AuditLog), Insert(QuarantinedReport)


def write(draft: Draft, cursor: Cursor) -> Written:
    """Everything the draft decided."""
    at = instant(draft.now_us)
    write_orders(draft, cursor)
    insert_history.write(cursor, [history_columns(each) for each in draft.happenings if isinstance(each, OrderChanged)])
    write_executions(draft, cursor)
    write_positions(draft, cursor)
    commands = write_commands(draft, cursor, at)
    insert_audits.write(cursor, [audit_columns(audit, at) for audit in draft.audits])
    insert_quarantined.write(cursor, [quarantine_columns(each, at) for each in draft.quarantined])
    write_runs(draft, cursor)
    write_states(draft.state_changes, at)
    write_safeguards(draft.safeguards)
    if draft.cursor != draft.book.cursor:
        update_cursor.write(cursor, [{"id": CURSOR_ID, "epoch": draft.cursor.epoch, "seq": draft.cursor.seq}])
    return Written(write_events(draft, cursor, at), commands)


def write_orders(draft: Draft, cursor: Cursor) -> None:
    """Each order once, as the batch leaves it."""
    changed = {each.order.id: each.order for each in draft.happenings if isinstance(each, OrderChanged)}
    known = draft.book.orders
    insert_orders.write(cursor, [order_columns(order) for key, order in changed.items() if key not in known])
    update_orders.write(cursor, [order_columns(order) for key, order in changed.items() if key in known])


def write_executions(draft: Draft, cursor: Cursor) -> None:
    """Each once, as the batch leaves it; one that is known was busted or corrected."""
    changed = {each.exec_id: each for each in draft.happenings if isinstance(each, ExecutionState)}
    known = draft.book.executions
    insert_executions.write(cursor, [execution_columns(state) for key, state in changed.items() if key not in known])
    update_executions.write(cursor, [execution_columns(state) for key, state in changed.items() if key in known])


def write_positions(draft: Draft, cursor: Cursor) -> None:
    changed = {(each.account, each.symbol): each for each in draft.happenings if isinstance(each, PositionState)}
    known = draft.book.positions
    insert_positions.write(cursor, [position_columns(state) for key, state in changed.items() if key not in known])
    update_positions.write(cursor, [position_columns(state) for key, state in changed.items() if key in known])


def write_commands(draft: Draft, cursor: Cursor, at: datetime) -> list[Columns]:
    """The new rows. A command that was claimed and settled in the same batch is inserted first."""
    rows = [command_columns(command, at) for command in draft.claimed]
    insert_commands.write(cursor, rows)
    progress = [
        {"session": session, "seq": seq, "progress": progress.value}
        for (session, seq), progress in draft.progress.items()
    ]
    update_commands.write(cursor, progress)
    return rows


def write_runs(draft: Draft, cursor: Cursor) -> None:
    """Reconciliations that began, were over or went on. Where one begins, no other one runs: those were cut short."""
    if not draft.found_something:
        return
    runs = draft.runs.values()
    if draft.begun:
        cut_short = Reconciliation.objects.filter(outcome=RunOutcome.RUNNING.value)
        cut_short.update(outcome=RunOutcome.ABANDONED.value)
    insert_runs.write(cursor, [run_columns(run) for run in runs if run.id in draft.begun])
    update_runs.write(cursor, [run_columns(run) for run in runs if run.id not in draft.begun])
    insert_differences.write(cursor, map(difference_columns, draft.differences))


def write_events(draft: Draft, cursor: Cursor, at: datetime) -> Numbers:
    """The last statements of the transaction: from here on other writers of these streams wait for the commit."""
    events = [event for happening in draft.happenings for event in events_of(happening)]
    events += write_notices(draft.notices, at) if draft.notices else []
    events += write_approval_notices(draft.happenings, at)
    numbers: Numbers = {}
    if events:
        for event, number in zip(events, append(events, at=at, cursor=cursor), strict=True):
            numbers[event.stream] = number
    return numbers


def events_of(happening: Happening) -> list[NewEvent]:
    """One event for the user's stream and one for the desk's, with the same data."""
    channel, kind, data, user, desk = told(happening)
    streams = [user_stream(user), *([desk_stream(desk)] if desk else [])]
    return [NewEvent(stream, channel, kind, data) for stream in streams]


def told(happening: Happening) -> tuple[str, str, str, UUID, UUID | None]:
    if isinstance(happening, OrderChanged):
        order = happening.order
        return "orders", happening.event.value, as_json(order_shape(order)), order.user, order.desk
    if isinstance(happening, ExecutionState):
        data = as_json(execution_shape(happening))
        return "executions", EXECUTION_KINDS[happening.status], data, happening.user, happening.desk
    data = as_json(position_shape(happening))
    return "positions", "position_changed", data, happening.user, happening.desk


def as_json(shape: dict[str, object]) -> str:
    return msgspec.json.encode(shape).decode()


def reached(users: set[UUID]) -> Numbers:
    """How far the streams of these users go, for answers to requests that changed nothing."""
    return last_numbers([user_stream(user) for user in users])
