"""How does a position that is not what was traded become so again? Only while no order bridge writes.

The order core holds positions in memory and is their only writer. So the lease is taken first, as a bridge that begins
takes it: one that was thought to be gone writes nothing after that. What is changed is told to the user and the desk as
an event, and audited.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper as Cursor
from django.db.models import Q
from django.utils import timezone
from msgspec.structs import replace

from accounts.audit import audit
from accounts.models import User
from notifications.stream import NewEvent, append, desk_stream, user_stream
from orders.core.state import PositionState
from orders.instants import micros
from orders.ledger.columns import POSITION_CHANGES, position_columns
from orders.ledger.faults import LeaseHeld
from orders.ledger.lease import LeaseView, hold_lease, look_at_lease, take_lease
from orders.ledger.statements import Insert, Update
from orders.models import Execution, Position
from orders.positions.verification import Difference, Looked, compared, slices_of_accounts
from orders.shapes import position_shape

#: A holder of the lease that has done nothing for so long is gone: it renews it each second.
GONE_SECONDS = 3.0
LOOK_SECONDS = 0.25
insert_positions, update_positions = Insert(Position), Update(Position, POSITION_CHANGES)


def positions_rebuild(operator: User, note: str, gone_seconds: float = GONE_SECONDS) -> Iterator[Looked]:
    """Makes every position what its executions say, some accounts at a time; yields what differed.

    `LeaseHeld` while an order bridge lives; `Fenced` where one has begun meanwhile: then the accounts of the last slice
    are as they were.
    """
    fence = vacant_lease(gone_seconds)
    for accounts in slices_of_accounts():
        yield rebuilt(fence, Q(account_id__in=accounts), operator, note)


def vacant_lease(gone_seconds: float, pause: Callable[[float], None] = time.sleep) -> int:
    """A fence of our own, once nobody holds the lease; it is given back at once, and an order bridge may take it."""
    seen = look_at_lease()
    until = time.monotonic() + gone_seconds
    while seen.holder_address and time.monotonic() < until:
        pause(LOOK_SECONDS)
        if (now := look_at_lease()) != seen and now.holder_address:
            raise LeaseHeld(now.holder_address, now.fence)
        seen = now if not now.holder_address else seen
    return take_lease("", None if seen == LeaseView() else seen)


def rebuilt(fence: int, which: Q, operator: User, note: str) -> Looked:
    """One transaction; the stream events are its last statements."""
    with transaction.atomic(), connection.cursor() as cursor:
        hold_lease(fence, cursor)
        looked = compared(which)
        events = [event for each in looked.differences for event in written(each, operator, note, cursor)]
        if events:
            append(events, at=timezone.now(), cursor=cursor)
    return looked


def written(difference: Difference, operator: User, note: str, cursor: Cursor) -> list[NewEvent]:
    """The row as it should be, audited; the events that tell it."""
    position = as_traded(difference)
    statement = update_positions if difference.stored else insert_positions
    statement.write(cursor, [position_columns(position)])
    audit(
        action="position.rebuilt",
        resource="position",
        resource_id=position.id,
        user_id=operator.id,
        before={fault.field: text_or_none(fault.stored) for fault in difference.faults},
        after={fault.field: text_or_none(fault.executions) for fault in difference.faults},
        details={"account": position.account_name, "symbol": position.symbol, "note": note},
    )
    data = msgspec.json.encode(position_shape(position)).decode()
    streams = [user_stream(position.user), *([desk_stream(position.desk)] if position.desk else [])]
    return [NewEvent(stream, "positions", "position_rebuilt", data) for stream in streams]


def as_traded(difference: Difference) -> PositionState:
    """To be told to whom the last execution was told, or where there is none, to whom the row is shown."""
    traded, stored = difference.traded, difference.stored
    rows = Execution.objects.filter(account_id=traded.account, symbol=traded.symbol).select_related("order")
    last = rows.order_by("-engine_epoch", "-engine_seq").first()
    position = traded.position(last.user_id if last else stored.user if stored else traded.account)
    return replace(
        position,
        id=stored.id if stored else position.id,
        desk=last.order.desk_id if last else None,
        updated_at_us=micros(timezone.now()),
    )


def text_or_none(number: int | None) -> str | None:
    """Sums may be wider than what JSON readers take for a number."""
    return None if number is None else str(number)
