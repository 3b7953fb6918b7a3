"""What does the bridge ask the engine to do?"""

from __future__ import annotations

from uuid import UUID

from bridge.wire.messages.fields import (
    ClientOrderId,
    CommandSeq,
    InstrumentId,
    Message,
    Micros,
    PositiveE8,
    Price,
    Seq,
    Session,
    Token,
)
from bridge.wire.vocabulary import MassCancelScope, OrderType, Side, TimeInForce


class Command(Message, frozen=True, kw_only=True):
    """Members of every command. The engine refuses one that arrives after `deadline_us`."""

    session: Session
    command_seq: CommandSeq
    deadline_us: Micros


class NewOrder(Command, frozen=True, kw_only=True, tag="NewOrder"):
    """The engine holds at most one order for (`account`, `client_order_id`), whatever is sent how often."""

    order_id: UUID
    account: Token
    desk: Token | None = None
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_e8: PositiveE8
    price_e8: Price | None = None
    stop_price_e8: Price | None = None
    expires_at_us: Micros | None = None


class CancelOrder(Command, frozen=True, kw_only=True, tag="CancelOrder"):
    """Repeating it is harmless."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId


class ReplaceOrder(Command, frozen=True, kw_only=True, tag="ReplaceOrder"):
    """New total quantity and prices; absent members stay as they are."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId
    quantity_e8: PositiveE8 | None = None
    price_e8: Price | None = None
    stop_price_e8: Price | None = None


class MassCancel(Command, frozen=True, kw_only=True, tag="MassCancel"):
    """Cancels every open order of the scope; `target` is absent for the firm."""

    scope: MassCancelScope
    target: Token | None = None


class OrderStatusRequest(Command, frozen=True, kw_only=True, tag="OrderStatusRequest"):
    """Asks what the engine holds; a barrier: see `OrderStatus`."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId


class OrderListRequest(Command, frozen=True, kw_only=True, tag="OrderListRequest"):
    """Asks for the open orders, by ascending order id, from behind `after` on; without it from the first on."""

    after: UUID | None = None


class ReplayRequest(Message, frozen=True, kw_only=True):
    """Bridge → engine: send every report after (`epoch`, `after_seq`), later epochs included; epoch 0 = all."""

    session: Session
    epoch: Seq
    after_seq: Seq
