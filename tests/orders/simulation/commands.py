"""What does the simulated engine do with each command? The checks in the order of `docs/engine-link.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.wire.messages import (
    CancelOrder,
    Command,
    CommandReply,
    NewOrder,
    OpenOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
    ReplaceOrder,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, RejectCode, ReplyOutcome, TimeInForce
from tests.orders.engine_words import ENDED, page, reply, status_told

if TYPE_CHECKING:
    from tests.orders.simulation.engine import Engine

PAGE = 3  #: few, so that pages end in the middle of things
IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


@dataclass(eq=False)
class Held:
    """An order of the engine with its present terms."""

    command: NewOrder
    symbol: str
    quantity_e8: int
    price_e8: int | None
    status: EngineOrderStatus = EngineOrderStatus.NEW
    cum_e8: int = 0

    @property
    def open_e8(self) -> int:
        return 0 if self.status in ENDED else self.quantity_e8 - self.cum_e8


Answers = Iterator[CommandReply | OrderStatus | OrderList]


def serve(engine: Engine, command: Command) -> Answers:
    """Do it; its reports are said before its answer is."""
    return SERVERS[type(command)](engine, command)


def new_order(engine: Engine, command: NewOrder) -> Answers:
    key = (command.account, command.client_order_id)
    if key in engine.held or key in engine.forgotten:
        yield reply(engine, command, ReplyOutcome.DUPLICATE)
    elif engine.now_us > command.deadline_us:
        yield reply(engine, command, ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
    elif engine.refuses(command):
        engine.refused.add(command.order_id)
        yield reply(engine, command, ReplyOutcome.REJECTED, RejectCode.MARKET_CLOSED)
    else:
        engine.open(command)
        yield reply(engine, command, ReplyOutcome.ACCEPTED)


def cancel(engine: Engine, command: CancelOrder) -> Answers:
    held = holding(engine, command)
    if held is None or (code := fault(engine, held, command)):
        yield reply(engine, command, ReplyOutcome.REJECTED, code if held else RejectCode.UNKNOWN_ORDER)
    else:
        engine.end(held, ExecType.CANCELED)
        yield reply(engine, command, ReplyOutcome.ACCEPTED)


def replace(engine: Engine, command: ReplaceOrder) -> Answers:
    held = holding(engine, command)
    if held is None or (code := fault(engine, held, command)):
        yield reply(engine, command, ReplyOutcome.REJECTED, code if held else RejectCode.UNKNOWN_ORDER)
    elif command.quantity_e8 is not None and command.quantity_e8 <= held.cum_e8:
        yield reply(engine, command, ReplyOutcome.REJECTED, RejectCode.INVALID_ORDER)
    else:
        held.quantity_e8 = command.quantity_e8 or held.quantity_e8
        engine.change(held, command.price_e8 or held.price_e8)
        yield reply(engine, command, ReplyOutcome.ACCEPTED)


def status(engine: Engine, command: OrderStatusRequest) -> Answers:
    if engine.now_us > command.deadline_us:
        yield reply(engine, command, ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
        return
    yield status_told(engine, command, holding(engine, command))


def open_orders(engine: Engine, command: OrderListRequest) -> Answers:
    """A page of them."""
    if engine.now_us > command.deadline_us:
        yield reply(engine, command, ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
        return
    after = command.after.int if command.after else -1
    behind = sorted((held for held in engine.standing if held.command.order_id.int > after), key=order_number)
    yield page(engine, command, [listed(held) for held in behind[:PAGE]], complete=len(behind) <= PAGE)


def order_number(held: Held) -> int:
    return held.command.order_id.int


def listed(held: Held) -> OpenOrder:
    return OpenOrder(
        order_id=held.command.order_id,
        account=held.command.account,
        client_order_id=held.command.client_order_id,
        external_order_id=f"X{held.command.client_order_id}",
        symbol=held.symbol,
        side=held.command.side,
        quantity_e8=held.quantity_e8,
        cum_quantity_e8=held.cum_e8,
        price_e8=held.price_e8,
    )


def holding(engine: Engine, command: CancelOrder | ReplaceOrder | OrderStatusRequest) -> Held | None:
    held = engine.held.get((command.account, command.client_order_id))
    return held if held is not None and held.command.order_id == command.order_id else None


def fault(engine: Engine, held: Held, command: CancelOrder | ReplaceOrder) -> RejectCode | None:
    """The deadline comes before the order itself."""
    if engine.now_us > command.deadline_us:
        return RejectCode.DEADLINE_PASSED
    return RejectCode.ORDER_FINAL if held.status in ENDED else None


def is_immediate(command: NewOrder) -> bool:
    return command.order_type is OrderType.MARKET or command.time_in_force in IMMEDIATE


SERVERS: dict[type[Command], Callable[[Engine, Any], Answers]] = {
    NewOrder: new_order,
    CancelOrder: cancel,
    ReplaceOrder: replace,
    OrderListRequest: open_orders,
    OrderStatusRequest: status,
}
