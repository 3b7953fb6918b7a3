"""How is each command of a bridge answered?

A table from command to handler. What was done before is never done again: a client order id that is held answers
`duplicate`, whatever else is wrong with the repeat; only then does the deadline count.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, TypeAlias

from bridge.simulator.desk import Desk
from bridge.simulator.orders import UserOrder
from bridge.simulator.refusals import Refusal
from bridge.wire.limits import MAX_OPEN_ORDERS
from bridge.wire.messages import (
    CancelOrder,
    Command,
    CommandReply,
    MassCancel,
    NewOrder,
    OpenOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
    ReplaceOrder,
)
from bridge.wire.vocabulary import MassCancelScope, RejectCode, ReplyOutcome

Answer: TypeAlias = CommandReply | OrderList | OrderStatus

SCOPES: dict[MassCancelScope, Callable[[UserOrder, str | None], bool]] = {
    MassCancelScope.FIRM: lambda order, target: True,
    MassCancelScope.DESK: lambda order, target: order.desk == target,
    MassCancelScope.ACCOUNT: lambda order, target: order.account == target,
    MassCancelScope.SYMBOL: lambda order, target: order.symbol == target,
}


class CommandDesk:
    """Turns commands of the newest session into calls of the desk, and their outcome into replies."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def answer(self, command: Command, now_us: int) -> Answer:
        """Do `command`, received at `now_us`; faults in it become replies. `sent_at_us` is set on sending."""
        try:
            return HANDLERS[type(command)](self, command, now_us)
        except Refusal as refusal:
            return self._reply(command, now_us, ReplyOutcome.REJECTED, code=refusal.code, reason=str(refusal))

    def _new(self, command: NewOrder, now_us: int) -> Answer:
        held = self._desk.orders.get(command.account, command.client_order_id)
        if held is not None:
            external = held.external_order_id
            return self._reply(command, now_us, ReplyOutcome.DUPLICATE, external_order_id=external)
        _check_deadline(command, now_us)
        order = self._desk.place(command, now_us)
        return self._reply(command, now_us, ReplyOutcome.ACCEPTED, external_order_id=order.external_order_id)

    def _cancel(self, command: CancelOrder, now_us: int) -> Answer:
        order = self._open_order(command, now_us)
        self._desk.cancel(order, now_us)
        return self._reply(command, now_us, ReplyOutcome.ACCEPTED, external_order_id=order.external_order_id)

    def _replace(self, command: ReplaceOrder, now_us: int) -> Answer:
        order = self._open_order(command, now_us)
        self._desk.replace(order, command, now_us)
        return self._reply(command, now_us, ReplyOutcome.ACCEPTED, external_order_id=order.external_order_id)

    def _mass_cancel(self, command: MassCancel, now_us: int) -> Answer:
        _check_deadline(command, now_us)
        within = SCOPES[command.scope]
        ended = [order for order in self._desk.orders.open_orders() if within(order, command.target)]
        for order in ended:
            self._desk.cancel(order, now_us)
        return self._reply(command, now_us, ReplyOutcome.ACCEPTED, canceled=len(ended))

    def _status(self, command: OrderStatusRequest, now_us: int) -> Answer:
        _check_deadline(command, now_us)
        order = self._held(command)
        return OrderStatus(
            session=command.session,
            command_seq=command.command_seq,
            order_id=command.order_id,
            known=order is not None,
            status=order.status if order else None,
            external_order_id=order.external_order_id if order else None,
            cum_quantity_e8=order.cum_e8 if order else 0,
            leaves_quantity_e8=order.leaves_e8 if order else 0,
            price_e8=order.price_e8 if order else None,
            stop_price_e8=order.stop_price_e8 if order else None,
            epoch=self._desk.log.epoch,
            last_seq=self._desk.log.last_seq,
            sent_at_us=now_us,
        )

    def _list(self, command: OrderListRequest, now_us: int) -> Answer:
        _check_deadline(command, now_us)
        behind = command.after.int if command.after else -1
        orders = (order for order in self._desk.orders.open_orders() if order.order_id.int > behind)
        first = heapq.nsmallest(MAX_OPEN_ORDERS + 1, orders, key=lambda order: order.order_id.int)
        return OrderList(
            session=command.session,
            command_seq=command.command_seq,
            orders=[_as_told(order) for order in first[:MAX_OPEN_ORDERS]],
            complete=len(first) <= MAX_OPEN_ORDERS,
            epoch=self._desk.log.epoch,
            last_seq=self._desk.log.last_seq,
            sent_at_us=now_us,
        )

    def _open_order(self, command: CancelOrder | ReplaceOrder, now_us: int) -> UserOrder:
        _check_deadline(command, now_us)
        order = self._held(command)
        if order is None:
            raise Refusal(RejectCode.UNKNOWN_ORDER, "No such order was ever accepted here.")
        if order.final:
            raise Refusal(RejectCode.ORDER_FINAL, f"The order is {order.status}.")
        return order

    def _held(self, command: CancelOrder | ReplaceOrder | OrderStatusRequest) -> UserOrder | None:
        order = self._desk.orders.get(command.account, command.client_order_id)
        return order if order is not None and order.order_id == command.order_id else None

    def _reply(self, command: Command, now_us: int, outcome: ReplyOutcome, **more: Any) -> CommandReply:
        return CommandReply(
            session=command.session,
            command_seq=command.command_seq,
            outcome=outcome,
            epoch=self._desk.log.epoch,
            last_seq=self._desk.log.last_seq,
            received_at_us=now_us,
            sent_at_us=now_us,
            **more,
        )


HANDLERS: dict[type[Command], Callable[[CommandDesk, Any, int], Answer]] = {
    NewOrder: CommandDesk._new,
    CancelOrder: CommandDesk._cancel,
    ReplaceOrder: CommandDesk._replace,
    MassCancel: CommandDesk._mass_cancel,
    OrderStatusRequest: CommandDesk._status,
    OrderListRequest: CommandDesk._list,
}


def _check_deadline(command: Command, now_us: int) -> None:
    if now_us > command.deadline_us:
        raise Refusal(RejectCode.DEADLINE_PASSED, "The command came after its deadline; nothing was done.")


def _as_told(order: UserOrder) -> OpenOrder:
    return OpenOrder(
        order_id=order.order_id,
        account=order.account,
        client_order_id=order.client_order_id,
        external_order_id=order.external_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity_e8=order.quantity_e8,
        cum_quantity_e8=order.cum_e8,
        price_e8=order.price_e8,
        stop_price_e8=order.stop_price_e8,
    )
