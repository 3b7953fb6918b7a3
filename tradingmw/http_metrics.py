"""How many requests and sockets does the web process serve, and how fast?

ASGI wrappers around everything; a Django middleware tells the outer one by which route a request was served.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import Counter as Counted
from prometheus_client import Histogram

from tradingmw.metrics import HTTP_RESPONSES, HTTP_SECONDS, LOOP_LAG, SOCKETS, SOCKETS_OPENED, TASKS
from tradingmw.rate_limit import budget_headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SERVED = "tmw.served"  #: in the scope: what the inside tells the outside
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "unmatched"
LAG_EVERY_SECONDS = 0.5


@sync_and_async_middleware
def route_told(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Django middleware, innermost: names the route in the scope, and puts the user's write budget on the answer."""
    if not iscoroutinefunction(get_response):
        return lambda request: told(request, get_response(request))

    async def answered(request: HttpRequest) -> HttpResponseBase:
        return told(request, await get_response(request))

    return answered


def told(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    served = getattr(request, "scope", {}).get(SERVED)
    if served is not None and request.resolver_match:
        served["route"] = f"/{request.resolver_match.route}"
    for name, value in budget_headers(request).items():
        response.headers.setdefault(name, value)  # the order bridge's figures, which hold for all processes, stay
    return response


class HttpMeasured:
    """Counts and times every request by route template and status."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        served = {"route": NO_ROUTE, "status": "500"}

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                served["status"] = str(message["status"])
            await send(message)

        try:
            await self._application({**scope, SERVED: served}, receive, noting)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            seconds, responses = _children(method, served["route"], served["status"])
            seconds.observe(time.perf_counter() - began)
            responses.inc()


@lru_cache(maxsize=2_000)
def _children(method: str, route: str, status: str) -> tuple[Histogram, Counted]:
    return HTTP_SECONDS.labels(method, route), HTTP_RESPONSES.labels(method, route, status)


class SocketsCounted:
    """Counts open sockets by path; paths that lead nowhere are counted together."""

    def __init__(self, application: Application, paths: frozenset[str]) -> None:
        self._application, self._paths = application, paths
        self._open = Counter(dict.fromkeys(paths, 0))
        self._opened = Counter(dict.fromkeys(paths, 0))
        SOCKETS.read_from(lambda: self._open)
        SOCKETS_OPENED.read_from(lambda: self._opened)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["path"] in self._paths else "other"
        self._open[path] += 1
        self._opened[path] += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._open[path] -= 1


async def loop_watched() -> None:
    """Observes from now on how late timers of the running loop fire; for the start of the web process."""
    loop = asyncio.get_running_loop()
    TASKS.read_from(lambda: len(asyncio.all_tasks(loop)))

    def look(due: float) -> None:
        LOOP_LAG.observe(max(0.0, loop.time() - due))
        plan()

    def plan() -> None:
        due = loop.time() + LAG_EVERY_SECONDS
        loop.call_at(due, look, due)

    plan()
