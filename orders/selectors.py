"""Which orders, executions and positions may a caller see? Read only, and only ever within his reach.

Everything is answered in the shapes of `orders.shapes`. What lies beyond the reach is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.rights import Reach
from orders.instants import micros, text
from orders.lifecycle import FINAL, OPEN
from orders.models import Execution, Order, OrderHistory, Position
from orders.rows import execution_state, order_state, position_state
from orders.shapes import execution_shape, order_shape, position_shape
from tradingmw.errors import NotFound
from tradingmw.paging import Page, Place, newest_first

Shape = dict[str, Any]


class StatusFilter(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


STATUSES = {StatusFilter.OPEN: OPEN, StatusFilter.CLOSED: FINAL}


class Wanted(NamedTuple):
    """What narrows a list; `after` and `until` are exclusive, no `symbols` means all."""

    symbols: Sequence[str] = ()
    after: datetime | None = None
    until: datetime | None = None

    def conditions(self, column: str) -> dict[str, Any]:
        asked = {"symbol__in": list(self.symbols), f"{column}__gt": self.after, f"{column}__lt": self.until}
        return {name: value for name, value in asked.items() if value}


def fence(reach: Reach, desk_column: str) -> Q:
    """Rows of the account, and of the desk where that is in reach; without either, none."""
    if reach.everything:
        return Q()
    mine = Q(pk__in=[]) if reach.account is None else Q(account_id=reach.account)
    return mine if reach.desk is None else mine | Q(**{desk_column: reach.desk})


def orders_of(reach: Reach) -> QuerySet[Order]:
    return Order.objects.filter(fence(reach, "desk_id")).select_related("account", "desk")


def executions_of(reach: Reach) -> QuerySet[Execution]:
    return Execution.objects.filter(fence(reach, "order__desk_id")).select_related("account", "order")


def positions_of(reach: Reach) -> QuerySet[Position]:
    return Position.objects.filter(fence(reach, "account__desk_id")).select_related("account")


def order_as_shape(row: Order) -> Shape:
    return order_shape(order_state(row))


def execution_as_shape(row: Execution) -> Shape:
    return execution_shape(execution_state(row))


def position_as_shape(row: Position) -> Shape:
    return position_shape(position_state(row))


def orders_page(reach: Reach, *, status: StatusFilter, wanted: Wanted, place: Place | None, limit: int) -> Page[Shape]:
    """Newest first by `createdAt`."""
    rows = orders_of(reach).filter(**wanted.conditions("created_at"))
    if status in STATUSES:
        rows = rows.filter(status__in=sorted(STATUSES[status]))
    found = newest_first(rows, "created_at", place, limit)
    return Page([order_as_shape(row) for row in found.items], found.next_token)


def order_get(reach: Reach, order_id: UUID) -> Shape:
    """NotFound for what is not there and for what lies beyond the reach."""
    return order_as_shape(_one(orders_of(reach).filter(id=order_id)))


def order_by_client_id(account_id: UUID | None, client_order_id: str) -> Shape:
    """One's own: others may have given the same id. Byte for byte, whatever the database's collation says."""
    return order_as_shape(_one(orders_of(Reach(account_id)).filter(client_order_key=client_order_id.encode().hex())))


def _one(rows: QuerySet[Order]) -> Order:
    row = rows.first()
    if row is None:
        raise NotFound("There is no such order.")
    return row


def order_history(reach: Reach, order_id: UUID, *, after: int, limit: int) -> Page[Shape]:
    """Oldest first, from the event behind number `after` on; NotFound."""
    order = _one(orders_of(reach).filter(id=order_id))
    rows = list(OrderHistory.objects.filter(order=order, number__gt=after).order_by("number")[: limit + 1])
    token = str(rows[limit - 1].number) if len(rows) > limit else None
    return Page([history_shape(row) for row in rows[:limit]], token)


def history_shape(row: OrderHistory) -> Shape:
    return {
        "id": str(row.id),
        "orderId": str(row.order_id),
        "number": row.number,
        "kind": row.kind,
        "status": row.status,
        "reason": row.reason or None,
        "statusDetails": row.status_details,
        "timestamp": text(micros(row.timestamp)),
        "receivedAt": text_or_none(row.received_us),
        "committedAt": text_or_none(row.committed_us),
        "sentAt": text_or_none(row.sent_us),
        "engineAt": text_or_none(row.engine_us),
        "arrivedAt": text_or_none(row.arrived_us),
    }


def text_or_none(at_us: int) -> str | None:
    return text(at_us) if at_us else None


def executions_page(reach: Reach, *, wanted: Wanted, place: Place | None, limit: int) -> Page[Shape]:
    """Newest first by `executedAt`."""
    rows = executions_of(reach).filter(**wanted.conditions("executed_at"))
    found = newest_first(rows, "executed_at", place, limit)
    return Page([execution_as_shape(row) for row in found.items], found.next_token)


class PositionPlace(NamedTuple):
    """The position after which a page begins."""

    symbol: str
    account_id: UUID

    def token(self) -> str:
        return f"{self.symbol}~{self.account_id.hex}"

    @classmethod
    def read(cls, token: str) -> PositionPlace:
        """The inverse of `token`; ValueError."""
        symbol, _, account = token.partition("~")
        return cls(symbol, UUID(account))


def positions_page(reach: Reach, *, symbols: Sequence[str], after: PositionPlace | None, limit: int) -> Page[Shape]:
    """By symbol, then by account, flat ones included: they carry realised profit; from behind `after` on."""
    rows = positions_of(reach)
    if after is not None:
        rows = rows.filter(Q(symbol__gt=after.symbol) | Q(symbol=after.symbol, account_id__gt=after.account_id))
    if symbols:
        rows = rows.filter(symbol__in=list(symbols))
    found = list(rows.order_by("symbol", "account_id")[: limit + 1])
    more = len(found) > limit
    token = PositionPlace(found[limit - 1].symbol, found[limit - 1].account_id).token() if more else None
    return Page([position_as_shape(row) for row in found[:limit]], token)
