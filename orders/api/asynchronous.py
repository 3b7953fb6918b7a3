"""How does a DRF view wait without holding a thread?

An order waits for the bridge, up to seconds with `Prefer: wait`; a thread for each of these would be spent on waiting.
So the view is a coroutine. Who asks and what he may do is mostly known from a moment ago; where it must be read from
the database, all of it is done in one trip to a thread, and so are the verbs that are plain functions. DRF's parsing,
negotiation, errors and schema stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView


class AsyncAPIView(APIView):
    """An APIView whose verbs may be coroutines or plain functions, mixed."""

    view_is_async = True

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            response = await self._respond(self.request)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    async def _respond(self, request: Request) -> Any:
        verb = self._verb(request)
        if iscoroutinefunction(verb):
            await self._initial(request)
            return await verb(request, *self.args, **self.kwargs)
        return await sync_to_async(self._respond_in_thread)(verb, request)

    async def _initial(self, request: Request) -> None:
        """Django itself refuses to read the database on the event loop: nothing was counted or decided then."""
        try:
            self.initial(request, *self.args, **self.kwargs)
        except SynchronousOnlyOperation:
            await sync_to_async(self.initial)(request, *self.args, **self.kwargs)

    def _respond_in_thread(self, verb: Callable[..., Any], request: Request) -> Any:
        self.initial(request, *self.args, **self.kwargs)
        return verb(request, *self.args, **self.kwargs)

    def _verb(self, request: Request) -> Callable[..., Any]:
        name = (request.method or "").lower()
        found: Callable[..., Any] | None = getattr(self, name, None) if name in self.http_method_names else None
        return found or self.http_method_not_allowed
