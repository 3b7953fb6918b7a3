"""What is in a stream?"""

from __future__ import annotations

from notifications.models import StreamEvent
from notifications.stream import last_number, read
from tradingmw.errors import Code, InvalidRequest


def events_after(stream: str, *, since: int, limit: int) -> tuple[list[StreamEvent], int]:
    """`(events, last)`: at most `limit` events after `since`, oldest first; `last` is the stream's last number.

    InvalidRequest (CURSOR_UNKNOWN) when the log does not hold everything after `since`: it is ahead of the stream, or
    the events behind it are no longer kept.
    """
    last = last_number(stream)
    if since > last:
        raise _unknown("The stream has not come so far.")
    events = read(stream, since, min(limit, last - since))
    if since < last and (not events or events[0].number != since + 1):
        raise _unknown("The log does not reach back so far; read the state anew.")
    return events, last


def _unknown(detail: str) -> InvalidRequest:
    fault = {"attr": "since", "code": Code.CURSOR_UNKNOWN.lower(), "detail": detail}
    return InvalidRequest(detail, code=Code.CURSOR_UNKNOWN, errors=[fault])
