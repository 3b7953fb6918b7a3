"""How do requests of web processes come in, and answers go back? A ROUTER in the link thread."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any

import zmq
from msgspec.structs import replace

from bridge.sockets.arrivals import arrivals
from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.gates import Gate
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Socket
from bridge.sockets.throttle import Throttle
from bridge.wire.faults import Reason, WireError
from orders.bridge.admission import Admission
from orders.bridge.answering import refusal
from orders.bridge.many_orders import basket_input, group_input
from orders.core.inputs import (
    Amend,
    Asked,
    Attend,
    Cancel,
    CancelAll,
    CancelLater,
    Close,
    Decide,
    GuardOf,
    Place,
    Preview,
    Reconcile,
    Reload,
    Replace,
    SetState,
    Ticket,
)
from orders.core.trading_states import TradingState
from orders.ids import new_id
from orders.limit_requests import ReloadLimits
from orders.requests import (
    AmendExecution,
    Answer,
    AnyRequest,
    BridgeAnswer,
    BridgeQuery,
    CancelAllOrders,
    CancelOrder,
    ClosePositions,
    DecideOrder,
    PlaceBasket,
    PlaceOrder,
    PlaceOrderGroup,
    PreviewOrder,
    ReconcileOrders,
    ReplaceOrder,
    SetTradingState,
    decode_request,
    encode,
)
from orders.safeguard_requests import AttendSessions, CancelAfter, GuardSession
from tradingmw.crash_points import CrashPoint, crash_point
from tradingmw.errors import Code, Unavailable

logger = logging.getLogger(__name__)

TURN = 256  #: requests taken per turn of the link thread
DOOR_HWM = 2_000
TOKEN_BYTES = 18  #: of what confirms a warning
STANDING_BY = "standing_by"  #: what a standby says of its link


class RequestsDoor:
    """Bound on `order_requests`.

    `counts`: what could not be read, by its `Reason`; "standing_by" refusals; "unsent" answers.
    """

    def __init__(
        self, context: Context, keyring: KeyRing, gatekeeper: Gatekeeper, address: str, admission: Admission
    ) -> None:
        self.admission = admission
        self.counts: Counter[str] = Counter()
        self.socket: Socket = configure(context.socket(zmq.ROUTER), hwm=DOOR_HWM)
        self.standing_by = True  #: nothing is taken in
        self.kill: Callable[[SetTradingState], Answer] | None = None  #: lets a kill into force
        self._throttle = Throttle()
        gatekeeper.allow(Domain.ORDER_REQUESTS, ADMITTED[Domain.ORDER_REQUESTS])
        gatekeeper.watch(self.socket, Domain.ORDER_REQUESTS)
        keyring.serve(self.socket, Role.ORDER_BRIDGE, Domain.ORDER_REQUESTS)
        self._gate = Gate(gatekeeper, self.socket, Domain.ORDER_REQUESTS, address)

    def serve(self, answer_query: Callable[[BridgeQuery], Answer]) -> None:
        """Take in what waits, at most a turn's worth."""
        for frames in arrivals(self.socket, TURN):
            self._take(frames, answer_query)

    def look(self) -> None:
        """Many times a second: whose key was revoked is cut off, and overload passes."""
        self._gate.look()
        self.admission.look()

    def turn_away(self, wait_seconds: float) -> None:
        """While this bridge stands by: tell whoever asks that nothing was done."""
        self.look()
        if self.socket.poll(int(wait_seconds * 1000)):
            self.serve(stands_by)

    def answer(self, ticket: Ticket, answer: Answer) -> None:
        """An answer whose caller has gone is counted; the caller polls."""
        try:
            self.socket.send_multipart([ticket.peer, encode(with_budget(answer, ticket))], zmq.NOBLOCK)
        except zmq.ZMQError:
            self.counts["unsent"] += 1

    def close(self) -> None:
        self.socket.close()

    def _take(self, frames: list[bytes], answer_query: Callable[[BridgeQuery], Answer]) -> None:
        try:
            peer, request = request_of(frames)
        except WireError as error:
            self._pass_over(error)
            return
        if not isinstance(request, AttendSessions):
            crash_point(CrashPoint.REQUEST_READ)
        ticket = Ticket(peer, request.request_id, time.time_ns() // 1000, request.received_us)
        if isinstance(request, BridgeQuery):
            self.answer(ticket, answer_query(request))
        elif self.standing_by:
            self.counts["standing_by"] += 1
            self.answer(ticket, refusal(ticket, stood_by()))
        elif self.kill and isinstance(request, SetTradingState) and request.wanted.state is TradingState.HALTED:
            self.answer(ticket, self.kill(request))
        else:
            self._let_in(ticket, request)

    def _let_in(self, ticket: Ticket, request: AnyRequest) -> None:
        budget = self.admission.spend(request)
        ticket = ticket._replace(budget=budget)
        if error := self.admission.refusal(as_input(ticket, request), budget):
            self.answer(ticket, refusal(ticket, error))

    def _pass_over(self, error: WireError) -> None:
        """Unanswered: nobody knows which question it was."""
        self.counts[error.reason] += 1
        if self._throttle.due():
            logger.warning("A request could not be read", extra={"why": str(error), "counts": dict(self.counts)})


def request_of(frames: list[bytes]) -> tuple[bytes, AnyRequest]:
    """Who asks, and what."""
    if len(frames) != 2:
        raise WireError(Reason.FRAME_COUNT, f"{len(frames) - 1} frames, 1 expected")
    peer, body = frames
    return peer, decode_request(body)


def as_input(ticket: Ticket, request: AnyRequest) -> Asked:
    """The order id is made here, once, so that deciding a request again decides the same order."""
    if isinstance(request, PlaceOrder):
        return Place(ticket, request, new_id(ticket.arrived_us), token_urlsafe(TOKEN_BYTES))
    if isinstance(request, ReplaceOrder):
        return Replace(ticket, request, token_urlsafe(TOKEN_BYTES))
    return INPUTS[type(request)](ticket, request)


#: a query is not for the core
INPUTS: dict[type[AnyRequest], Callable[[Ticket, Any], Asked]] = {
    PlaceOrderGroup: group_input,
    PlaceBasket: basket_input,
    ClosePositions: Close,
    DecideOrder: Decide,
    PreviewOrder: Preview,
    CancelOrder: Cancel,
    CancelAllOrders: CancelAll,
    GuardSession: GuardOf,
    AttendSessions: Attend,
    CancelAfter: CancelLater,
    AmendExecution: Amend,
    ReconcileOrders: Reconcile,
    SetTradingState: SetState,
    ReloadLimits: Reload,
}


def stands_by(query: BridgeQuery) -> BridgeAnswer:
    return BridgeAnswer(request_id=query.request_id, link=STANDING_BY, live=False, epoch=0, session=0, core_age_ms=0)


def stood_by() -> Unavailable:
    detail = "This order bridge stands by for another; nothing was done."
    return Unavailable(detail, code=Code.ORDER_BRIDGE_UNAVAILABLE, retry_after_seconds=1)


def with_budget(answer: Answer, ticket: Ticket) -> Answer:
    return replace(answer, budget=ticket.budget) if ticket.budget else answer
