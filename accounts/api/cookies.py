"""Where does a browser keep its refresh token, and how do we know that its own page sent the request?

In a cookie that no script can read and that no other site's request carries. Because cookies travel by themselves, a
request that brings one must also bring `X-Client: browser` (which a foreign page cannot send) and an `Origin` of
ours.
"""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from accounts.services import TokenPair
from tradingmw.env import env
from tradingmw.errors import Code, Forbidden, NotAuthenticated

SECURE_NAME = "__Host-tmw_refresh"
PLAIN_NAME = "tmw_refresh"  #: over plain http, in the demo only: browsers refuse `__Host-` there


def is_browser(request: Request) -> bool:
    return request.headers.get("X-Client") == "browser"


def is_secure(request: Request) -> bool:
    return request.is_secure() or not env().demo


def cookie_name(request: Request) -> str:
    return SECURE_NAME if is_secure(request) else PLAIN_NAME


def refresh_token_of(request: Request, body_token: str) -> str:
    """The cookie's token for a browser, the body's for a program, "" for none; Forbidden (CSRF_FAILED)."""
    kept = request.COOKIES.get(cookie_name(request))
    if kept is None and not is_browser(request):
        return body_token
    if not (is_browser(request) and request.headers.get("Origin") in env().origins):
        raise Forbidden("The cookie needs X-Client: browser and an Origin of this site.", code=Code.CSRF_FAILED)
    return kept or ""


def refresh_token_needed(request: Request, body_token: str) -> str:
    """The same; NotAuthenticated where there is none."""
    if token := refresh_token_of(request, body_token):
        return token
    raise NotAuthenticated("A refresh token is needed.")


def cookie_set(request: Request, response: HttpResponse, pair: TokenPair) -> None:
    left = pair.session.expires_at - timezone.now()
    response.set_cookie(
        cookie_name(request),
        pair.refresh_token,
        max_age=max(0, int(left.total_seconds())),
        path="/",  # `__Host-` demands it
        secure=is_secure(request),
        httponly=True,
        samesite="Strict",
    )


def cookie_forget(request: Request, response: HttpResponse) -> None:
    name = cookie_name(request)
    if name in request.COOKIES:
        response.set_cookie(name, "", max_age=0, secure=is_secure(request), httponly=True, samesite="Strict")
