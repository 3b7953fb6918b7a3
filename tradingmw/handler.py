"""In which threads do views work, and who closes their database connections?

A fixed number of threads, each with its connection: Django alone makes a thread, and with it a connection, for every
request. A request keeps to one thread; it takes the one with the least to do when it first needs one, if ever.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final, ParamSpec, TypeVar, cast

import django
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

P = ParamSpec("P")
R = TypeVar("R")
THREADS: Final = 8


class Worker:
    """One thread that does one thing after another."""

    def __init__(self, number: int) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"view-{number}")
        self._asked: set[Future[Any]] = set()

    @property
    def waiting(self) -> int:
        return len(self._asked)

    def submit(self, work: Callable[[], R]) -> Future[R]:
        done = self._thread.submit(with_fresh_connections, work)
        self._asked.add(done)
        done.add_done_callback(self._asked.discard)
        return done


class OneWorker(Executor):
    """The executor of one request; submits from one event loop."""

    def __init__(self, workers: list[Worker]) -> None:
        self._workers = workers
        self._mine: Worker | None = None

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        if self._mine is None:
            self._mine = min(self._workers, key=lambda worker: worker.waiting)
        return self._mine.submit(lambda: fn(*args, **kwargs))


def with_fresh_connections(work: Callable[[], R]) -> R:
    """`work`, after closing connections of this thread that have become unusable, as Django does at each request."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


class Handler(ASGIHandler):
    """Django's handler on our threads."""

    def __init__(self) -> None:
        super().__init__()
        self._workers = [Worker(number) for number in range(THREADS)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with ThreadSensitiveContext(executor=OneWorker(self._workers)):
            await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """One request. It is served to its end also when the client has left: what it asked for may be an order."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            await request_started.asend(sender=type(self), scope=scope)
            response = await self._response(scope, body)
            await self.send_response(response, send)
            await self._close(response)

    async def _response(self, scope: Any, body: Any) -> HttpResponseBase:
        request, refused = self.create_request(scope, body)
        if request is not None:
            return await self.run_get_response(request)
        return cast(HttpResponseBase, refused)  # one of the two is there

    async def _close(self, response: HttpResponseBase) -> None:
        """In a thread where there may be a file to close."""
        if response.streaming:
            await sync_to_async(response.close)()
        else:
            response.close()


def django_application() -> Handler:
    """Django, set up. Its care for connections at both ends of a request, a trip to a thread each, moves into it."""
    django.setup(set_prefix=False)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    request_started.disconnect(reset_queries)
    return Handler()
