"""How do tests make a desk with its people, and what happens on it as the order core writes it?"""

from __future__ import annotations

import json

from channels.layers import get_channel_layer
from django.db import transaction

from accounts.models import Desk, User
from accounts.policy import Role
from notifications.readers import in_reader
from notifications.stream import NewEvent, append, desk_stream, user_stream
from notifications.wakeups import GROUP, advanced
from orders.models import Order
from orders.selectors import order_as_shape
from tests.orders.holdings import order_of, trader
from tests.roles import in_roles


def on_desk(user: User, desk: Desk) -> User:
    user.desk = desk
    assert user.account is not None
    user.account.desk = desk
    user.account.save()
    user.save()
    return user


class Flow:
    """A desk, its head, and two traders with an order each."""

    def __init__(self, name: str) -> None:
        self.desk = Desk.objects.create(name=name)
        self.head = in_roles(on_desk(trader(f"{name}-head"), self.desk), Role.DESK_HEAD)
        self.traders = [on_desk(trader(f"{name}-{number}"), self.desk) for number in (1, 2)]
        self.orders = [order_of(user, f"{user.username}-order", desk=self.desk) for user in self.traders]

    @property
    def stream(self) -> str:
        return desk_stream(self.desk.id)

    def change(self, order: Order, status: str, kind: str = "order_changed") -> dict[str, int]:
        """What the order core does: the row and its events in one transaction. The number in each stream."""
        streams = [user_stream(order.user_id), self.stream]
        with transaction.atomic():
            order.status = status
            order.save()
            data = json.dumps(order_as_shape(order))
            numbers = append([NewEvent(stream, "orders", kind, data) for stream in streams], at=order.updated_at)
        return dict(zip(streams, numbers, strict=True))

    async def changed(self, order: Order, status: str) -> int:
        """As that, with the wake-up after it; the number in the desk's stream."""
        numbers = await in_reader(self.change)(order, status)
        await get_channel_layer().group_send(GROUP, advanced(numbers))
        return numbers[self.stream]


def compliance() -> User:
    return in_roles(User.objects.create(username="eve", email="eve@desk.example"), Role.COMPLIANCE)
