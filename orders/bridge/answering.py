"""What is a request answered with, once what was decided of it is durable?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from notifications.stream import user_stream
from orders.bridge.gate_answers import denied_answer, preview_answer
from orders.bridge.many_orders import group_answer, placed_answer
from orders.bridge.safeguard_answers import safeguard_answer
from orders.core.inputs import Ticket
from orders.core.outcomes import (
    CancelAllReply,
    DeniedReply,
    GroupReply,
    LimitsReply,
    OrderReply,
    PlacedReply,
    PreviewReply,
    ReconcileReply,
    RefusalReply,
    Reply,
    SafeguardReply,
    StateReply,
)
from orders.limit_requests import LimitsAnswer
from orders.requests import Answer, CancelAllAnswer, OrderAnswer, ReconcileAnswer, Refusal, TradingStateAnswer
from orders.shapes import order_shape
from tradingmw.errors import TradingError


def answer_to(reply: Reply, numbers: dict[str, int]) -> Answer:
    """`numbers`: how far each stream has come."""
    if isinstance(reply, SafeguardReply):
        return safeguard_answer(reply, numbers)
    if isinstance(reply, RefusalReply | ReconcileReply | LimitsReply | StateReply | PreviewReply):
        return ANSWERS[type(reply)](reply)
    return TOLD_TO_USERS[type(reply)](reply, numbers[user_stream(reply.user)])


def refusal(ticket: Ticket, error: TradingError) -> Refusal:
    return Refusal(
        request_id=ticket.request_id,
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=error.errors,
        retry_after_seconds=error.retry_after_seconds,
        extra=error.extra,
    )


def reconciling(reply: ReconcileReply) -> ReconcileAnswer:
    return ReconcileAnswer(request_id=reply.ticket.request_id, run=reply.run)


def limits(reply: LimitsReply) -> LimitsAnswer:
    return LimitsAnswer(request_id=reply.ticket.request_id, limits=reply.limits)


def trading_state(reply: StateReply) -> TradingStateAnswer:
    return TradingStateAnswer(request_id=reply.ticket.request_id, restriction=reply.restriction)


def order_answer(reply: OrderReply, last_event_id: int) -> OrderAnswer:
    shape, created = order_shape(reply.order), reply.created
    return OrderAnswer(request_id=reply.ticket.request_id, order=shape, created=created, last_event_id=last_event_id)


def canceled_answer(reply: CancelAllReply, last_event_id: int) -> CancelAllAnswer:
    return CancelAllAnswer(request_id=reply.ticket.request_id, items=reply.items, last_event_id=last_event_id)


ANSWERS: Final[dict[type, Callable[[Any], Answer]]] = {
    RefusalReply: lambda reply: refusal(reply.ticket, reply.error),
    ReconcileReply: reconciling,
    LimitsReply: limits,
    StateReply: trading_state,
    PreviewReply: preview_answer,
}
TOLD_TO_USERS: Final[dict[type, Callable[[Any, int], Answer]]] = {
    OrderReply: order_answer,
    DeniedReply: denied_answer,
    GroupReply: group_answer,
    PlacedReply: placed_answer,
    CancelAllReply: canceled_answer,
}
