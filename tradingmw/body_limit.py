"""How much may a request bring, and which id does it go by?

ASGI wrappers in front of Django, because Django reads a whole body before any view is asked, and answers a large one
in HTML.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

from tradingmw.correlation import request_id_of, serving
from tradingmw.errors import Code
from tradingmw.problem import CONTENT_TYPE, problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_BYTES = 64 * 1024
LAYOUT_BYTES = 512 * 1024
LAYOUT_PATH = re.compile(r"/api/v1/me/workspaces(/[^/]*)?")
#: A client that is told 413 while it still writes may never read it: so much is read and thrown away first.
DISCARDED_BYTES = 32 * 1024 * 1024
DISCARD_SECONDS = 5.0


class RequestId:
    """Every request has an `X-Request-ID` header when Django sees it, and every answer carries the same one."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = {"X-Request-ID": header(scope, b"x-request-id"), "traceparent": header(scope, b"traceparent")}
        request_id = request_id_of(given)
        mine = (b"x-request-id", request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), mine]}
            await send(message)

        others = (pair for pair in scope["headers"] if pair[0] != b"x-request-id")
        with serving(request_id):
            await self._application({**scope, "headers": [*others, mine]}, receive, send_with_id)


class BodyLimit:
    """Bodies over the limit of their path are answered 413, without being kept."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = LAYOUT_BYTES if LAYOUT_PATH.fullmatch(scope["path"]) else BODY_BYTES
        taken = await _read(receive, 0 if announced(scope) > limit else limit)
        if max(taken.size, announced(scope)) <= limit:
            await self._application(scope, _replay(taken.messages, receive), send)
            return
        if taken.more:
            await _discard(receive)
        await _too_large(scope, send, limit)


class Taken(NamedTuple):
    """What was read of a body: so many bytes, and whether more is to come."""

    messages: list[Message]
    size: int
    more: bool


def header(scope: Scope, name: bytes) -> str:
    """The first header of that name, or an empty text."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def announced(scope: Scope) -> int:
    """The Content-Length; 0 where there is none."""
    length = header(scope, b"content-length")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


async def _read(receive: Receive, limit: int) -> Taken:
    """Up to the end of the body, a disconnect, or the first byte too many."""
    messages: list[Message] = []
    size, more = 0, True
    while more and size <= limit:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return Taken(messages, size, more)


def _replay(messages: Iterable[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replayed() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replayed


async def _discard(receive: Receive) -> None:
    """Read on, keeping nothing, until the body ends or has taken too long or too much."""
    size, more = 0, True
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while more and size <= DISCARDED_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        return  # it was given its time: the answer goes out now


async def _too_large(scope: Scope, send: Send, limit: int) -> None:
    body = problem(
        status=413,
        code=Code.BODY_TOO_LARGE,
        detail=f"A body here has at most {limit} bytes.",
        instance=scope["path"],
        request_id=header(scope, b"x-request-id"),
    )
    payload = json.dumps(body).encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(payload)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
