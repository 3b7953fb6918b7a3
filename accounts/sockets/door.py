"""May one more socket come in now? Their number and their pace are bounded, before anything of a socket is accepted.

After a restart everybody comes back at once. Who is let in costs a look at his ticket in the database; who is sent away
with HTTP 503 and a moment of his own to come back costs next to nothing, so those who are in are served as before.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Self

from accounts.sockets import tally
from accounts.sockets.origin import Application, Receive, Scope, Send
from accounts.sockets.tally import Refused
from tradingmw.client_address import home_of
from tradingmw.correlation import request_id_of
from tradingmw.env import Env, env
from tradingmw.errors import Code
from tradingmw.problem import CONTENT_TYPE, problem
from tradingmw.token_buckets import TokenBuckets

logger = logging.getLogger(__name__)
VISIT = "tmw.visit"  #: in the scope of a socket that was let in
#: Who is sent away comes back within this span, each at a moment of his own.
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 1, 10
TOLD_EVERY_SECONDS = 10.0

WHY = {
    Refused.PROCESS: "This process has as many sockets as it takes.",
    Refused.ADDRESS: "Too many sockets of your address have not authenticated.",
    Refused.PACE: "Too many sockets are being opened.",
}


class DoorLimits(NamedTuple):
    """How many sockets at a time, how many of one address before they authenticate, and how many new ones when."""

    sockets: int
    unknown_per_address: int
    per_second: int
    burst: int

    @classmethod
    def of(cls, env: Env) -> Self:
        return cls(
            env.sockets_per_process, env.sockets_unknown_per_address, env.sockets_new_per_second, env.sockets_new_burst
        )


class Visit:
    """A socket that was let in. Unknown until its client has proven who it is."""

    __slots__ = ("_door", "_unknown_at")

    def __init__(self, door: Door, address: str) -> None:
        self._door, self._unknown_at = door, address

    def known(self) -> None:
        """Its client has proven who it is."""
        self._door.forget(self._unknown_at)
        self._unknown_at = ""

    def over(self) -> None:
        """It is gone."""
        self.known()
        self._door.open -= 1


class Door:
    """The one of a process; only its event loop passes."""

    def __init__(self, limits: DoorLimits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.open = 0
        self._limits, self._monotonic = limits, monotonic
        self._unknown: Counter[str] = Counter()
        self._pace = TokenBuckets(limits.per_second, limits.burst, monotonic)
        self._told_at = float("-inf")

    def shut(self) -> Refused | None:
        """Why nobody is let in now, wherever he comes from. Whoever is told so was counted."""
        reason = self._too_many_or_too_fast()
        if reason:
            self._count(reason)
        return reason

    def enter(self, address: str) -> Visit | Refused:
        """Let a socket of `address` in, or say why not."""
        home = home_of(address)
        if reason := self._refusal(home):
            self._count(reason)
            return reason
        self.open += 1
        self._unknown[home] += 1
        return Visit(self, home)

    def forget(self, home: str) -> None:
        """One of the unknown sockets there is unknown no more, or gone; an empty `home` is nobody's."""
        self._unknown[home] -= 1
        if self._unknown[home] <= 0:
            del self._unknown[home]

    def _too_many_or_too_fast(self) -> Refused | None:
        if self.open >= self._limits.sockets:
            return Refused.PROCESS
        return None if self._pace.take(None, 0).remaining else Refused.PACE

    def _refusal(self, home: str) -> Refused | None:
        if self.open >= self._limits.sockets:
            return Refused.PROCESS
        if self._unknown[home] >= self._limits.unknown_per_address:
            return Refused.ADDRESS
        return Refused.PACE if self._pace.take(None).wait_seconds else None

    def _count(self, reason: Refused) -> None:
        tally.refused[reason] += 1
        if (now := self._monotonic()) - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = now
            refused = sum(tally.refused.values())
            logger.warning("Sockets are not let in", extra={"why": reason, "open": self.open, "refused": refused})


@cache
def process_door() -> Door:
    """The one that the settings ask for."""
    return Door(DoorLimits.of(env()))


class SocketDoor:
    """ASGI wrapper around all sockets: in through the door, or HTTP 503 before the accept."""

    def __init__(self, application: Application, door: Door) -> None:
        self._application, self._door = application, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = self._door.enter(address_of(scope) or "")
        if isinstance(visit, Refused):
            await send_away(scope, receive, send, visit)
            return
        try:
            await self._application({**scope, VISIT: visit}, receive, send)
        finally:
            visit.over()


async def send_away(scope: Scope, receive: Receive, send: Send, reason: Refused) -> None:
    """503 with a problem document; where the server cannot say that before an accept, its plain refusal (403)."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1013})
        return
    request_id = request_id_of(headers_of(scope))
    headers = {"content-type": CONTENT_TYPE, "retry-after": str(retry_seconds()), "x-request-id": request_id}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": 503, "headers": pairs})
    await send({"type": "websocket.http.response.body", "body": refusal(scope["path"], reason, request_id)})


def retry_seconds() -> int:
    """When one who is sent away may come back."""
    return RETRY_SECONDS_MIN + secrets.randbelow(RETRY_SECONDS_MAX - RETRY_SECONDS_MIN + 1)


def refusal(path: str, reason: Refused, request_id: str) -> bytes:
    code = Code.TOO_MANY_SOCKETS
    return json.dumps(problem(status=503, code=code, detail=WHY[reason], instance=path, request_id=request_id)).encode()


def address_of(scope: Scope) -> str | None:
    """Where the client is."""
    client = scope.get("client")
    return str(client[0]) if client else None


def headers_of(scope: Scope) -> dict[str, str]:
    """What names the request in the handshake's headers."""
    named = {b"x-request-id": "X-Request-ID", b"traceparent": "traceparent"}
    return {named[name]: value.decode("latin-1") for name, value in scope["headers"] if name in named}
