"""Which request is being served now? One id from the edge through every process, into the database and the log.

REST and sockets set it, the order bridge carries it in its requests, the order keeps it; log lines show it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

CHARACTERS_MAX: Final = 64
REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
#: W3C Trace Context: version, trace id, parent id, flags.
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")

#: the request's id, and when the edge had it
_current: ContextVar[tuple[str, int]] = ContextVar("request", default=("", 0))


def current_request_id() -> str:
    """The id of the request that this task or thread works for; empty for none."""
    return _current.get()[0]


def request_received_us() -> int:
    """When the edge had that request, in microseconds since 1970 UTC; 0 for none."""
    return _current.get()[1]


@contextmanager
def serving(request_id: str) -> Iterator[None]:
    """Everything inside, and every task and thread begun there, works for this request."""
    token = _current.set((request_id, time.time_ns() // 1000))
    try:
        yield
    finally:
        _current.reset(token)


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's `X-Request-ID` where it is a plain short one, else the trace id of `traceparent`, else a new one."""
    given = headers.get("X-Request-ID", "")
    if REQUEST_ID.fullmatch(given):
        return given
    traced = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return traced[1] if traced else uuid4().hex
