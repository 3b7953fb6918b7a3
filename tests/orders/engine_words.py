"""What does an engine in memory answer, whatever it holds? For every such engine of these tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.wire.messages import (
    Command,
    CommandReply,
    OpenOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
)
from bridge.wire.vocabulary import EngineOrderStatus, RejectCode, ReplyOutcome

ENDED = frozenset(
    {EngineOrderStatus.FILLED, EngineOrderStatus.CANCELED, EngineOrderStatus.REJECTED, EngineOrderStatus.EXPIRED}
)


class Speaker(Protocol):
    """An engine: its life, its last report, its clock."""

    epoch: int
    seq: int
    now_us: int


class Standing(Protocol):
    """An order as an engine holds it."""

    status: EngineOrderStatus
    cum_e8: int
    price_e8: int | None

    @property
    def open_e8(self) -> int: ...


def reply(engine: Speaker, command: Command, outcome: ReplyOutcome, code: RejectCode | None = None) -> CommandReply:
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


def status_told(engine: Speaker, asked: OrderStatusRequest, held: Standing | None) -> OrderStatus:
    return OrderStatus(
        session=asked.session,
        command_seq=asked.command_seq,
        order_id=asked.order_id,
        known=held is not None,
        status=held.status if held else None,
        cum_quantity_e8=held.cum_e8 if held else 0,
        leaves_quantity_e8=held.open_e8 if held else 0,
        price_e8=held.price_e8 if held else None,
        epoch=engine.epoch,
        last_seq=engine.seq,
        sent_at_us=engine.now_us,
    )


def page(engine: Speaker, asked: OrderListRequest, orders: Sequence[OpenOrder], *, complete: bool = True) -> OrderList:
    return OrderList(
        session=asked.session,
        command_seq=asked.command_seq,
        orders=list(orders),
        complete=complete,
        epoch=engine.epoch,
        last_seq=engine.seq,
        sent_at_us=engine.now_us,
    )
