"""How does the gate's word go back to the caller?"""

from __future__ import annotations

from orders.core.outcomes import DeniedReply, PreviewReply
from orders.gate_requests import DeniedAnswer, PreviewAnswer
from orders.shapes import order_shape


def denied_answer(reply: DeniedReply, last_event_id: int) -> DeniedAnswer:
    return DeniedAnswer(
        request_id=reply.ticket.request_id,
        code=reply.code,
        detail=reply.detail,
        rules=reply.rules,
        order=order_shape(reply.order),
        last_event_id=last_event_id,
    )


def preview_answer(reply: PreviewReply) -> PreviewAnswer:
    return PreviewAnswer(request_id=reply.ticket.request_id, outlook=reply.outlook, code=reply.code, rules=reply.rules)
