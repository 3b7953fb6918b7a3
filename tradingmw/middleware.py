"""How does a request pass Django's middleware without leaving the event loop?

Django's own classes look at headers, but each takes two trips to a thread to do so when it serves asynchronously. Here
the same hooks run where the request is; those that read the database serve the admin only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import lru_cache
from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin
from whitenoise.middleware import WhiteNoiseMiddleware

ADMIN = "/admin/"


class OnLoop(MiddlewareMixin):
    """Runs the hooks of the class beside it on the event loop: they may look at headers, and nothing may block."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        before = getattr(self, "process_request", None)
        response = before(request) if before else None
        response = response or await self.get_response(request)  # type: ignore[misc]
        after = getattr(self, "process_response", None)
        answer: HttpResponseBase = after(request, response) if after else response
        return answer


class Security(OnLoop, SecurityMiddleware):
    """HTTPS and its headers."""


class Common(OnLoop, CommonMiddleware):
    """Slashes and lengths."""


class FrameOptions(OnLoop, XFrameOptionsMiddleware):
    """No page of ours in a frame."""


class ContentSecurityPolicy(OnLoop, CSPMiddleware):
    """What a page of ours may load."""


class AdminOnly(MiddlewareMixin):
    """Serves the admin; other requests pass by: they prove who they are with a token, never with a cookie."""

    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request) if request.path_info.startswith(ADMIN) else self.get_response(request)


class AdminSession(AdminOnly, SessionMiddleware):
    """The admin's cookie session."""


class AdminCsrf(AdminOnly, CsrfViewMiddleware):
    """The admin's forms carry a token."""

    async def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:  # type: ignore[override]
        """A coroutine, so that Django needs no thread for it; it compares a cookie with a field."""
        return super().process_view(request, view, args, kwargs) if request.path_info.startswith(ADMIN) else None


class AdminAuthentication(AdminOnly, AuthenticationMiddleware):
    """The admin's user."""


class AdminMessages(AdminOnly, MessageMiddleware):
    """What the admin says after a form."""


@lru_cache
def standing_headers(scheme: str) -> dict[str, str]:
    """What these say in every answer over `scheme`, whatever it answers: for what is served in front of Django."""
    scope = {"type": "http", "method": "GET", "scheme": scheme, "path": "/", "query_string": b"", "headers": []}
    response = HttpResponse()
    del response["Content-Type"]
    for kind in (ContentSecurityPolicy, FrameOptions, Security):
        kind(lambda _request: response).process_response(ASGIRequest(scope, BytesIO()), response)  # adds to it
    return dict(response.headers)


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise ships no types
    """The page's scripts and styles, from memory of where they lie; whole, as Django cannot stream a file on a loop."""

    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if not request.path_info.startswith(self.static_prefix):
            return self.get_response(request)
        if iscoroutinefunction(self):
            return self._found_on_loop(request)
        return self._found(request) or self.get_response(request)

    async def _found_on_loop(self, request: HttpRequest) -> HttpResponseBase:
        found: Awaitable[HttpResponse | None] = sync_to_async(self._found)(request)
        return await found or await self.get_response(request)

    def _found(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path_info
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        return whole(self.serve(file, request)) if file else None


def whole(streamed: Any) -> HttpResponse:
    """`streamed` as one answer, with its status and headers."""
    with closing(streamed):
        answer = HttpResponse(b"".join(streamed.streaming_content), status=streamed.status_code)
    del answer["Content-Type"]
    for name, value in streamed.items():
        answer[name] = value
    return answer
