"""What does the simulated engine do with each command? The checks in the order of `docs/engine-link.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from tests.orders.simulation.engine import Engine

PAGE = 3  #: few, so that pages end in the middle of things
ENDED = frozenset(
    {EngineOrderStatus.FILLED, EngineOrderStatus.CANCELED, EngineOrderStatus.REJECTED, EngineOrderStatus.EXPIRED}
)
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
    if isinstance(command, NewOrder):
        return new_order(engine, command)
    if isinstance(command, CancelOrder):
        return cancel(engine, command)
    if isinstance(command, ReplaceOrder):
        return replace(engine, command)
    if isinstance(command, OrderListRequest):
        return open_orders(engine, command)
    assert isinstance(command, OrderStatusRequest)
    return status(engine, command)


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
    held = holding(engine, command)
    yield OrderStatus(
        session=command.session,
        command_seq=command.command_seq,
        order_id=command.order_id,
        known=held is not None,
        status=held.status if held else None,
        cum_quantity_e8=held.cum_e8 if held else 0,
        leaves_quantity_e8=held.open_e8 if held else 0,
        price_e8=held.price_e8 if held else None,
        epoch=engine.epoch,
        last_seq=engine.seq,
        sent_at_us=engine.now_us,
    )


def open_orders(engine: Engine, command: OrderListRequest) -> Answers:
    """A page of them."""
    if engine.now_us > command.deadline_us:
        yield reply(engine, command, ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
        return
    after = command.after.int if command.after else -1
    behind = sorted((held for held in engine.standing if held.command.order_id.int > after), key=order_number)
    yield OrderList(
        session=command.session,
        command_seq=command.command_seq,
        orders=[listed(held) for held in behind[:PAGE]],
        complete=len(behind) <= PAGE,
        epoch=engine.epoch,
        last_seq=engine.seq,
        sent_at_us=engine.now_us,
    )


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


def reply(engine: Engine, command: Command, outcome: ReplyOutcome, code: RejectCode | None = None) -> CommandReply:
    return CommandReply(
        session=command.session,
        command_seq=command.command_seq,
        outcome=outcome,
        code=code,
        epoch=engine.epoch,
        last_seq=engine.seq,
        received_at_us=engine.now_us,
        sent_at_us=engine.now_us,
    )
