"""Which orders in the book belong together? By their group's id; kept until the last of them has ended.

What a group's ended orders have traded is needed as long as one of it is open, so they stay in the book with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from orders.core.state import Held, OrderState


class GroupIndex:
    """`members`: the orders of each group with an open order, or of which this batch speaks."""

    def __init__(self) -> None:
        self.members: dict[UUID, dict[UUID, None]] = {}  #: in the order in which they were learned
        self.closing: dict[UUID, None] = {}  #: orders that wait to close a position

    def note(self, order: OrderState) -> None:
        """As it is now."""
        if order.group is not None:
            self.members.setdefault(order.group, {})[order.id] = None
        if order.held is Held.CANCELS:
            self.closing[order.id] = None
        elif self.closing:
            self.closing.pop(order.id, None)

    def forgotten_with(self, ended: OrderState, orders: Mapping[UUID, OrderState]) -> list[UUID]:
        """What the book need not hold any more now that this order has ended: it, all of its group, or nothing yet."""
        if ended.group is None:
            return [ended.id]
        members = self.members.get(ended.group, {})
        if any(not order.final for each in members if (order := orders.get(each)) is not None):
            return []
        self.members.pop(ended.group, None)
        return [ended.id, *members]
