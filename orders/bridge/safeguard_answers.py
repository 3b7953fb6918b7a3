"""What is answered to who guards a session, attends sessions or sets a timer?"""

from __future__ import annotations

from notifications.stream import user_stream
from orders.core.outcomes import AttendReply, GuardReply, SafeguardReply
from orders.requests import Answer
from orders.safeguard_requests import AttendAnswer, CancelAfterAnswer, GuardAnswer


def safeguard_answer(reply: SafeguardReply, numbers: dict[str, int]) -> Answer:
    """`numbers`: how far each user's stream goes."""
    request_id = reply.ticket.request_id
    if isinstance(reply, AttendReply):
        return AttendAnswer(request_id=request_id, guarded=reply.guarded)
    number = numbers[user_stream(reply.user)]
    if isinstance(reply, GuardReply):
        return GuardAnswer(request_id=request_id, last_event_id=number)
    return CancelAfterAnswer(
        request_id=request_id, trigger_at_us=reply.trigger_at_us, now_us=reply.now_us, last_event_id=number
    )
