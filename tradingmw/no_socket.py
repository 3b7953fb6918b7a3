"""What is answered where there is no socket? HTTP 404, before the accept."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


async def no_socket(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """404 where the server can say so, else its refusal (403)."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})
