"""How do requests of web processes come in, and answers go back? A ROUTER in the link thread."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable

import zmq

from bridge.sockets.curve import Domain, KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Socket
from orders.bridge.intake import Intake
from orders.core.inputs import Asked, Cancel, CancelAll, Place, Replace, Ticket
from orders.requests import (
    Answer,
    AnyRequest,
    BridgeQuery,
    CancelOrder,
    MalformedRequest,
    PlaceOrder,
    Refusal,
    ReplaceOrder,
    decode_request,
    encode,
)
from tradingmw.errors import Code

TURN = 256  #: requests taken per turn of the link thread
DOOR_HWM = 2_000


class RequestsDoor:
    """Bound on `order_requests`. `counts`: "malformed" frames, "full" refusals, "unsent" answers."""

    def __init__(self, context: Context, keyring: KeyRing, address: str, intake: Intake) -> None:
        self.counts: Counter[str] = Counter()
        self.socket: Socket = configure(context.socket(zmq.ROUTER), hwm=DOOR_HWM)
        self._intake = intake
        keyring.serve(self.socket, Role.ORDER_BRIDGE, Domain.ORDER_REQUESTS)
        self.socket.bind(address)

    def serve(self, answer_query: Callable[[BridgeQuery], Answer]) -> None:
        """Take in what waits, at most a turn's worth."""
        for _ in range(TURN):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._take(frames, answer_query)

    def answer(self, ticket: Ticket, answer: Answer) -> None:
        """An answer whose caller has gone is counted; the caller polls."""
        try:
            self.socket.send_multipart([ticket.peer, encode(answer)], zmq.NOBLOCK)
        except zmq.ZMQError:
            self.counts["unsent"] += 1

    def close(self) -> None:
        self.socket.close()

    def _take(self, frames: list[bytes], answer_query: Callable[[BridgeQuery], Answer]) -> None:
        try:
            peer, body = frames
            request = decode_request(body)
        except (ValueError, MalformedRequest):
            self.counts["malformed"] += 1
            return
        ticket = Ticket(peer, request.request_id, time.time_ns() // 1000)
        if isinstance(request, BridgeQuery):
            self.answer(ticket, answer_query(request))
        elif not self._intake.offer_request(as_input(ticket, request)):
            self.counts["full"] += 1
            self.answer(ticket, full(ticket))


def as_input(ticket: Ticket, request: AnyRequest) -> Asked:
    """The order id is made here, once, so that deciding a request again decides the same order."""
    if isinstance(request, PlaceOrder):
        return Place(ticket, request, uuid.uuid4())
    if isinstance(request, ReplaceOrder):
        return Replace(ticket, request)
    if isinstance(request, CancelOrder):
        return Cancel(ticket, request)
    if isinstance(request, BridgeQuery):
        raise TypeError("A query is not for the core.")
    return CancelAll(ticket, request)


def full(ticket: Ticket) -> Refusal:
    return Refusal(
        request_id=ticket.request_id,
        status=503,
        code=Code.ORDER_BRIDGE_UNAVAILABLE,
        detail="Too many requests wait; nothing was done.",
        retry_after_seconds=1,
    )
