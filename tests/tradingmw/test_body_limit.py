"""Is a body that is too large answered 413, whatever it was sent to and however?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from tradingmw.body_limit import BODY_BYTES, LAYOUT_BYTES, BodyLimit, RequestId

Message = dict[str, Any]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body it got and the request id it saw."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    seen = dict(scope["headers"]).get(b"x-request-id", b"")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"seen", seen)]})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def request(application: Any, parts: Iterable[bytes], path: str = "/x", **headers: str) -> tuple[int, Any, bytes]:
    """Send `parts` as the body; the status, the headers and the body of the answer."""
    *first, last = parts
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in first]
    waiting = iter([*messages, {"type": "http.request", "body": last, "more_body": False}])
    sent: list[Message] = []

    async def receive() -> Message:
        for message in waiting:
            return message
        await asyncio.Event().wait()
        raise AssertionError("nothing more comes")

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await application({"type": "http", "path": path, "headers": pairs}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/v1/orders", BODY_BYTES),
        ("/nowhere", BODY_BYTES),
        ("/api/v1/me/workspaces", LAYOUT_BYTES),
        ("/api/v1/me/workspaces/7", LAYOUT_BYTES),
        ("/api/v1/me/workspaces/7/8", BODY_BYTES),
        ("/api/v1/me/workspaces-of-others", BODY_BYTES),
    ],
)
async def test_the_limit_itself_passes_and_one_byte_more_does_not(path: str, limit: int) -> None:
    assert await request(BodyLimit(echo), [b"x" * limit], path) == (200, {b"seen": b""}, str(limit).encode())
    assert (await request(BodyLimit(echo), [b"x" * limit, b"x"], path))[0] == 413


async def test_an_announced_size_is_believed() -> None:
    status, headers, body = await request(BodyLimit(echo), [b""], content_length="10000000")
    assert (status, headers[b"content-type"]) == (413, b"application/problem+json")
    assert b'"code": "BODY_TOO_LARGE"' in body


@pytest.mark.parametrize("length", ["x", "-1", "", "9" * 30, "²"])
async def test_a_senseless_length_is_ignored(length: str) -> None:
    assert (await request(BodyLimit(echo), [b"abc"], content_length=length))[0] == 200


async def test_a_short_plain_request_id_is_kept() -> None:
    _, headers, _ = await request(RequestId(echo), [b""], x_request_id="order-7.a:b")
    assert headers[b"seen"] == headers[b"x-request-id"] == b"order-7.a:b"


@pytest.mark.parametrize("given", ["", "a" * 65, "two words", "<script>", "a\nb", "ü"])
async def test_any_other_request_id_is_replaced(given: str) -> None:
    _, headers, _ = await request(RequestId(echo), [b""], x_request_id=given)
    assert headers[b"seen"] == headers[b"x-request-id"] != given.encode()
    assert len(headers[b"seen"]) == 32
