"""Who is told that orders wait for his decision? Whoever may decide on them, once a batch, in its transaction."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.policy import ROLES, Function
from notifications.models import Notification
from notifications.shapes import notification_shape
from notifications.stream import NewEvent, user_stream
from orders.core.outcomes import Happening, OrderChanged
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent

TYPE: Final = "approval"
NAMED_MAX: Final = 20  #: orders that a notification names


def roles_that(*functions: Function) -> list[str]:
    return [role.value for role, given in ROLES.items() if given.issuperset(functions)]


FOR_ALL: Final = roles_that(Function.ORDERS_APPROVE, Function.ORDERS_READ_ALL)
FOR_DESK: Final = roles_that(Function.ORDERS_APPROVE, Function.ORDERS_READ_DESK)


def write_approval_notices(happenings: Collection[Happening], at: datetime) -> list[NewEvent]:
    """The notifications, and the events that tell of them, which are appended last."""
    waiting = [each.order for each in happenings if isinstance(each, OrderChanged) and has_to_wait(each)]
    if not waiting:
        return []
    rows = [notification_of(user, orders, at) for user, orders in by_approver(waiting).items()]
    Notification.objects.bulk_create(rows)
    return [event_of(row) for row in rows]


def has_to_wait(changed: OrderChanged) -> bool:
    return changed.event is OrderEvent.HELD and changed.order.held is Held.APPROVAL


def by_approver(waiting: Collection[OrderState]) -> dict[uuid.UUID, list[OrderState]]:
    """Nobody hears of his own, nor of one on his account."""
    found: defaultdict[uuid.UUID, list[OrderState]] = defaultdict(list)
    for desk in {order.desk for order in waiting}:
        for user_id, account_id in approvers(desk).values_list("id", "account_id"):
            for order in waiting:
                if order.desk == desk and order.user != user_id and order.account != account_id:
                    found[user_id].append(order)
    return found


def approvers(desk: uuid.UUID | None) -> QuerySet[User]:
    """Of orders of this desk."""
    may = Q(groups__name__in=FOR_ALL)
    if desk is not None:
        may |= Q(groups__name__in=FOR_DESK, desk_id=desk)
    return User.objects.filter(may, is_active=True).distinct()


def notification_of(user_id: uuid.UUID, orders: list[OrderState], at: datetime) -> Notification:
    first = orders[0]
    told = f"{first.side.value} {first.symbol} of {first.account_name}"
    return Notification(
        id=uuid.uuid4(),
        user_id=user_id,
        type=TYPE,
        title="An order waits for your decision"
        if len(orders) == 1
        else f"{len(orders)} orders wait for your decision",
        message=told if len(orders) == 1 else f"{told}, and {len(orders) - 1} more",
        metadata={"orders": [str(order.id) for order in orders[:NAMED_MAX]], "count": len(orders)},
        created_at=at,
    )


def event_of(row: Notification) -> NewEvent:
    data = msgspec.json.encode(notification_shape(row)).decode()
    return NewEvent(user_stream(row.user_id), "notifications", "notification_created", data)
