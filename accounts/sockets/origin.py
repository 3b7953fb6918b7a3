"""May this web page open a socket here? Scheme, host and port must be listed, exactly.

Browsers send `Origin` on every socket and send no other credential here; programs send none and are let in to
authenticate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class OriginGuard:
    """ASGI wrapper for sockets: HTTP 403 before the accept where an `Origin` is not one of `origins`."""

    def __init__(self, application: Application, origins: Collection[str]) -> None:
        self._application = application
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = {value for name, value in scope["headers"] if name == b"origin"}
        if sent <= self._origins:
            await self._application(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before the accept: the server answers HTTP 403
