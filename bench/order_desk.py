"""How does the benches' engine treat orders? It accepts each at once, reports it as new, and keeps only numbers.

So does the engine that the peers ask (`bench.order_engine`): what is measured is the way there and back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import zmq

from bridge.wire.codec import decode_to_engine, encode
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    Command,
    CommandReply,
    EngineHeartbeat,
    ExecutionReport,
    FromEngine,
    Hello,
    NewOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
    ReplayDone,
    ReplayRequest,
    Welcome,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome


def now_us() -> int:
    return time.time_ns() // 1000


class OrderDesk:
    """The command socket's side: the newest session is welcomed and kept alive. `symbols`: by instrument id."""

    def __init__(self, socket: zmq.Socket[bytes], epoch: int, symbols: Mapping[int, str]) -> None:
        self._socket, self._epoch, self._symbols = socket, epoch, symbols
        self._identity, self._session = b"", 0
        self._last_seq = 0  #: of its reports, each of which is an order

    def take(self, frames: Sequence[bytes]) -> None:
        message = decode_to_engine(frames[1:])
        if isinstance(message, Hello):
            self._identity, self._session = frames[0], message.session
            self._send(self._welcome(message))
        elif isinstance(message, ReplayRequest):
            self._send(self._replayed(message))
        elif isinstance(message, OrderStatusRequest):
            self._send(self._unknown(message))
        elif isinstance(message, OrderListRequest):
            self._send(self._none_open(message))
        elif isinstance(message, NewOrder):
            self._send(self._reply(message, ReplyOutcome.ACCEPTED))
            self._send(self._new(message))
        elif isinstance(message, Command):
            self._send(self._reply(message, ReplyOutcome.REJECTED, RejectCode.UNKNOWN_ORDER))

    def heartbeat(self) -> None:
        if self._identity:
            beat = EngineHeartbeat(
                session=self._session, epoch=self._epoch, last_seq=self._last_seq, sent_at_us=now_us()
            )
            self._send(beat)

    def _welcome(self, hello: Hello) -> Welcome:
        return Welcome(
            protocol_version=PROTOCOL_VERSION,
            session=hello.session,
            epoch=self._epoch,
            last_seq=self._last_seq,
            sent_at_us=now_us(),
        )

    def _replayed(self, request: ReplayRequest) -> ReplayDone:
        """Nothing is kept: a bridge that has missed a report must take what there is."""
        complete = self._last_seq == 0
        return ReplayDone(session=request.session, epoch=self._epoch, last_seq=self._last_seq, complete=complete)

    def _unknown(self, request: OrderStatusRequest) -> OrderStatus:
        return OrderStatus(
            session=request.session,
            command_seq=request.command_seq,
            order_id=request.order_id,
            known=False,
            epoch=self._epoch,
            last_seq=self._last_seq,
            sent_at_us=now_us(),
        )

    def _none_open(self, request: OrderListRequest) -> OrderList:
        return OrderList(
            session=request.session,
            command_seq=request.command_seq,
            orders=[],
            complete=True,
            epoch=self._epoch,
            last_seq=self._last_seq,
            sent_at_us=now_us(),
        )

    def _reply(self, command: Command, outcome: ReplyOutcome, code: RejectCode | None = None) -> CommandReply:
        at_us = now_us()
        return CommandReply(
            session=command.session,
            command_seq=command.command_seq,
            outcome=outcome,
            code=code,
            epoch=self._epoch,
            last_seq=self._last_seq,
            received_at_us=at_us,
            sent_at_us=at_us,
        )

    def _new(self, order: NewOrder) -> ExecutionReport:
        self._last_seq += 1
        return ExecutionReport(
            epoch=self._epoch,
            seq=self._last_seq,
            exec_id=f"{self._epoch}-{self._last_seq}",
            exec_type=ExecType.NEW,
            status=EngineOrderStatus.NEW,
            order_id=order.order_id,
            account=order.account,
            client_order_id=order.client_order_id,
            external_order_id=f"B{self._last_seq}",
            instrument_id=order.instrument_id,
            symbol=self._symbols[order.instrument_id],
            side=order.side,
            quantity_e8=order.quantity_e8,
            cum_quantity_e8=0,
            leaves_quantity_e8=order.quantity_e8,
            price_e8=order.price_e8,
            stop_price_e8=order.stop_price_e8,
            transacted_at_us=now_us(),
        )

    def _send(self, message: FromEngine) -> None:
        self._socket.send_multipart([self._identity, *encode(message)], zmq.NOBLOCK)
