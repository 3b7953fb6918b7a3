"""Which callers wait until the engine has spoken of their order (`Prefer: wait`)?"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from orders.core.inputs import Ticket
from orders.core.requesting import engine_has_answered
from orders.core.state import OrderState
from orders.requests import Answer, OrderAnswer
from orders.shapes import order_shape

WAITING_MAX = 10_000


class Waiter(NamedTuple):
    order_id: UUID
    ticket: Ticket
    answer: OrderAnswer
    until_us: int


class Waiting:
    """Answers held back, by order. Each knows the order as it was last, and is given in the end whatever happens."""

    def __init__(self) -> None:
        self._by_order: dict[UUID, list[Waiter]] = {}
        self._due: list[tuple[Ticket, Answer]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def hold(self, waiter: Waiter) -> None:
        """Until `tell` or its instant; at once where too many wait already."""
        if self._count >= WAITING_MAX:
            self._due.append((waiter.ticket, waiter.answer))
            return
        self._by_order.setdefault(waiter.order_id, []).append(waiter)
        self._count += 1

    def tell(self, order: OrderState, event_id: int) -> None:
        """The order has changed; `event_id` is the number of its user's stream then."""
        waiters = self._by_order.pop(order.id, [])
        if not waiters:
            return
        changes = {"order": order_shape(order), "last_event_id": event_id}
        renewed = [each._replace(answer=replace(each.answer, **changes)) for each in waiters]
        if engine_has_answered(order):
            self._release(renewed)
        else:
            self._by_order[order.id] = renewed

    def take_due(self, now_us: int) -> list[tuple[Ticket, Answer]]:
        for order_id, waiters in list(self._by_order.items()):
            self._by_order[order_id] = [each for each in waiters if each.until_us > now_us]
            self._release([each for each in waiters if each.until_us <= now_us])
            if not self._by_order[order_id]:
                del self._by_order[order_id]
        due, self._due = self._due, []
        return due

    def _release(self, waiters: list[Waiter]) -> None:
        self._due.extend((each.ticket, each.answer) for each in waiters)
        self._count -= len(waiters)
