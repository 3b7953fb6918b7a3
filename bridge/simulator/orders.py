"""What does the engine know of each user's order, for ever?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from bridge.simulator.levels import BookOrder
from bridge.wire.messages import ExecutionReport, NewOrder
from bridge.wire.vocabulary import EngineOrderStatus, OrderType, Side, TimeInForce

FINAL = {
    EngineOrderStatus.FILLED,
    EngineOrderStatus.CANCELED,
    EngineOrderStatus.REJECTED,
    EngineOrderStatus.EXPIRED,
}
STOPS = {OrderType.STOP, OrderType.STOP_LIMIT}


@dataclass(slots=True, eq=False)
class UserOrder:
    """One order. Numbers as on the wire (10⁻⁸); `quantity_e8` is the total."""

    order_id: UUID
    account: str
    desk: str | None
    client_order_id: str
    external_order_id: str
    instrument_id: int
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_e8: int
    price_e8: int | None
    stop_price_e8: int | None
    expires_at_us: int | None
    cum_e8: int = 0
    status: EngineOrderStatus = EngineOrderStatus.NEW
    triggered: bool = False  #: a stop order that has become a market or limit order
    book: BookOrder | None = None  #: while it stands in the book

    @classmethod
    def of(cls, order: NewOrder, external_order_id: str, symbol: str) -> UserOrder:
        """The order as asked for, nothing of it done yet."""
        return cls(
            order_id=order.order_id,
            account=order.account,
            desk=order.desk,
            client_order_id=order.client_order_id,
            external_order_id=external_order_id,
            instrument_id=order.instrument_id,
            symbol=symbol,
            side=order.side,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            quantity_e8=order.quantity_e8,
            price_e8=order.price_e8,
            stop_price_e8=order.stop_price_e8,
            expires_at_us=order.expires_at_us,
        )

    @property
    def buy(self) -> bool:
        return self.side is Side.BUY

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def leaves_e8(self) -> int:
        """What may still trade."""
        return 0 if self.final else self.quantity_e8 - self.cum_e8

    @property
    def waits_for_stop(self) -> bool:
        return self.order_type in STOPS and not self.triggered

    def follow(self, report: ExecutionReport) -> None:
        """Become what `report` says: how a journal rebuilds it."""
        self.quantity_e8, self.cum_e8 = report.quantity_e8, report.cum_quantity_e8
        self.price_e8, self.stop_price_e8 = report.price_e8, report.stop_price_e8
        self.status = report.status
        self.external_order_id, self.symbol = report.external_order_id, report.symbol


class OrderTable:
    """Every order ever, by (account, client order id), which is what makes one unique; the open ones in queue order."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], UserOrder] = {}
        self._open: dict[UserOrder, None] = {}

    def get(self, account: str, client_order_id: str) -> UserOrder | None:
        return self._orders.get((account, client_order_id))

    def add(self, order: UserOrder) -> None:
        self._orders[order.account, order.client_order_id] = order
        self.settle(order)

    def settle(self, order: UserOrder, *, to_back: bool = False) -> None:
        """Keep the set of open orders right after `order` changed."""
        if order.final or to_back:
            self._open.pop(order, None)
        if not order.final:
            self._open.setdefault(order)

    def open_orders(self) -> Iterator[UserOrder]:
        """Those that are not final, who came first to rest first; safe against changes meanwhile."""
        return iter(list(self._open))

    def __len__(self) -> int:
        return len(self._orders)
