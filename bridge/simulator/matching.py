"""Who trades with whom? liquibook's C++ matching engine decides, by price, then time; this keeps our view in step.

What liquibook does by default and what is done here about it:
- The rest of a market order would stay in the book: market orders go in as immediate-or-cancel.
- A changed order goes to the back of its level, even when it only shrank. `shrink` moves those behind it after it.
- Stop orders it triggers leave their unfilled rest in the book, and a trade that only prints does not trigger any:
  the desk keeps stop orders itself (`stops.py`) and sends them here once they are triggered.
- `on_fill` names the incoming order first and passes a price; the orders are to be told a cost, so it is not passed on.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import liquibook

from bridge.simulator.levels import BookOrder, BookSide


class Mode(Enum):
    """What becomes of a part that does not trade at once."""

    REST = liquibook.oc_no_conditions
    DROP = liquibook.oc_immediate_or_cancel
    ALL_OR_NOTHING = liquibook.oc_fill_or_kill


class Fill(NamedTuple):
    """A trade: `units` at the resting order's price."""

    incoming: BookOrder
    resting: BookOrder
    units: int
    ticks: int


class _Fills(liquibook.OrderListener):  # type: ignore[misc]  # SWIG ships no types
    """Collects liquibook's fills as (incoming id, resting id, units, ticks). All callbacks must exist."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, int, int, int]] = []

    def on_fill(self, incoming: Any, resting: Any, units: int, ticks: int) -> None:
        incoming.fill(units, 0, 0)
        resting.fill(units, 0, 0)
        self.rows.append((incoming.order_id_, resting.order_id_, units, ticks))

    def on_accept(self, order: Any) -> None: ...
    def on_reject(self, order: Any, reason: str) -> None: ...
    def on_cancel(self, order: Any) -> None: ...
    def on_cancel_reject(self, order: Any, reason: str) -> None: ...
    def on_replace(self, *change: Any) -> None: ...
    def on_replace_reject(self, *change: Any) -> None: ...
    def on_trigger_stop(self, order: Any) -> None: ...


class Matcher:
    """One instrument's book. Prices in ticks, quantities in units (lots), both positive and below 2⁶³."""

    def __init__(self) -> None:
        self.bids = BookSide(buy=True)
        self.asks = BookSide(buy=False)
        self._resting: dict[int, BookOrder] = {}
        self._fills = _Fills()
        self._book = liquibook.liquibook_book_OrderBook()
        self._book.set_order_listener(self._fills)

    def side(self, *, buy: bool) -> BookSide:
        return self.bids if buy else self.asks

    def add(self, order: BookOrder, mode: Mode = Mode.REST) -> list[Fill]:
        """Match `order`, let the rest of it stand or go as `mode` says; what traded, in order."""
        handle = self._enter(order, mode)
        fills = self._settled(order, handle.order_id_) if self._fills.rows else []
        if order.open_units and mode is Mode.REST:
            self._resting[handle.order_id_] = order
            order.handle = handle
            self.side(buy=order.buy).join(order)
        return fills

    def cancel(self, order: BookOrder) -> None:
        """Take an order at rest out of the book."""
        self._leave(order)
        self.side(buy=order.buy).lose(order, order.open_units)

    def shrink(self, order: BookOrder, units: int) -> None:
        """Take `units`, fewer than are open, off an order at rest; its place in the queue stays."""
        side = self.side(buy=order.buy)
        queue = [order, *side.behind(order)]
        for moved in queue:
            self._leave(moved)
        side.lose(order, units)
        for moved in queue:
            self._stand_again(moved)

    def _enter(self, order: BookOrder, mode: Mode) -> Any:
        handle = liquibook.SimpleOrder(order.buy, order.ticks, order.open_units, 0, mode.value)
        self._book.add(handle, mode.value)
        return handle

    def _leave(self, order: BookOrder) -> None:
        handle: Any = order.handle
        self._book.cancel(handle)
        del self._resting[handle.order_id_]
        order.handle = None

    def _stand_again(self, order: BookOrder) -> None:
        handle = self._enter(order, Mode.REST)  # its level did not cross before, so it does not now
        self._resting[handle.order_id_] = order
        order.handle = handle

    def _settled(self, incoming: BookOrder, incoming_id: int) -> list[Fill]:
        rows, self._fills.rows = self._fills.rows, []
        fills = []
        for first, second, units, ticks in rows:
            resting_id = second if first == incoming_id else first
            resting = self._resting[resting_id]
            incoming.open_units -= units
            self.side(buy=resting.buy).lose(resting, units)
            if not resting.open_units:
                del self._resting[resting_id]
                resting.handle = None
            fills.append(Fill(incoming, resting, units, ticks))
        return fills
