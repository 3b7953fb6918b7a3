"""Does an order reduce what its account holds? Told after each commit by the core thread, asked by the link thread.

A look into one dictionary each: a moment old at most, and only ever used to decide who is served first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from bridge.wire.vocabulary import Side
from orders.core.outcomes import Happening, OrderChanged
from orders.core.state import OrderState, PositionState
from orders.requests import PlaceOrder

Holding = tuple[UUID, str]  #: account, symbol
Closing = tuple[UUID, str, Side]  #: orders of this side of the account in the symbol


def closing(request: PlaceOrder) -> Closing:
    return request.caller.account, request.symbol, request.side


class Holdings:
    """What accounts hold, and how much of it their open orders would give away already. Quantities in 10⁻⁸."""

    def __init__(self) -> None:
        self._held: dict[Holding, int] = {}
        self._leaves: dict[UUID, int] = {}  #: of open orders
        self._ordered: dict[Closing, int] = {}  #: their sum

    def begin(self, held: Mapping[Holding, int], orders: Iterable[OrderState]) -> None:
        """As the core has read its state."""
        self._held, self._leaves, self._ordered = dict(held), {}, {}
        for order in orders:
            self._note_order(order)

    def follow(self, happenings: Iterable[Happening]) -> None:
        """What the core has committed."""
        for each in happenings:
            if isinstance(each, PositionState):
                self._held[each.account, each.symbol] = each.quantity_e8
            elif isinstance(each, OrderChanged):
                self._note_order(each.order)

    def room_e8(self, key: Closing) -> int:
        """So much of such orders would still only reduce the position; 0 where they would open or add to one."""
        account, symbol, side = key
        held = self._held.get((account, symbol), 0)
        against = held if side is Side.SELL else -held
        return max(0, against - self._ordered.get(key, 0))

    def _note_order(self, order: OrderState) -> None:
        leaves = 0 if order.final else order.quantity_e8 - order.filled_e8
        more = leaves - self._leaves.get(order.id, 0)
        if not more:
            return
        key = (order.account, order.symbol, order.side)
        if sum_e8 := self._ordered.get(key, 0) + more:
            self._ordered[key] = sum_e8
        else:
            del self._ordered[key]
        if leaves:
            self._leaves[order.id] = leaves
        else:
            del self._leaves[order.id]
