"""How does the answer to a write carry `lastEventId`, the private cursor after it?

As a field and as the header `X-Last-Event-Id` (on 204 the only place). It is added where JSON is rendered, so that
every view of every app has it; `accounts` lies below this app and could not ask for it. A view that took the number
in the transaction of its own write sets the header itself, and that number stays.
"""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer

from notifications.stream import last_number, user_stream

HEADER = "X-Last-Event-Id"
FIELD = "lastEventId"


class CursorRenderer(JSONRenderer):
    """JSON; after a successful write of a known user with the cursor."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        if is_write(renderer_context or {}):
            data = with_cursor(data, renderer_context["request"].user, renderer_context["response"])
        return super().render(data, accepted_media_type, renderer_context)


def is_write(context: Any) -> bool:
    """Did a known user change something?"""
    request, response = context.get("request"), context.get("response")
    return bool(
        request is not None
        and request.method not in SAFE_METHODS
        and response.status_code < 300
        and request.user.is_authenticated
    )


def with_cursor(data: Any, user: Any, response: Any) -> Any:
    """`data` with the field, where it is an object; the header is set on `response`."""
    if HEADER not in response:
        response[HEADER] = str(last_number(user_stream(user.id)))
    return {**data, FIELD: int(response[HEADER])} if isinstance(data, dict) else data
