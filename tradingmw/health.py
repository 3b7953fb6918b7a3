"""Is this process alive, and are the parts that it needs there?

Parts add their checks where the process is put together: `ready_check("engine link", fn)`. A check returns None, or a
sentence about what is wrong; it must bound its own time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tradingmw.errors import Code, TradingError, Unavailable
from tradingmw.layer_health import layer_check
from tradingmw.problem import problem_response

logger = logging.getLogger(__name__)
Check = Callable[[], str | None]
_checks: dict[str, Check] = {}
_figures: dict[str, Callable[[], int | None]] = {}


def ready_check(name: str, check: Check) -> None:
    """`/readyz` asks `check` from now on; a second check of the same name replaces the first."""
    _checks[name] = check


def ready_figure(name: str, figure: Callable[[], int | None]) -> None:
    """`/readyz` says `figure()` as the member `name` from now on; None: nothing is known."""
    _figures[name] = figure


def parts() -> dict[str, str]:
    """Each part and "ok", or what is wrong with it."""
    return {name: _asked(name, check) for name, check in sorted(_checks.items())}


def _asked(name: str, check: Check) -> str:
    try:
        return check() or "ok"
    except Exception:
        logger.exception("A readiness check failed", extra={"part": name})
        return "the check failed"


def database_check() -> str | None:
    """One query on the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError as error:
        return f"the database does not answer ({type(error).__name__})"
    return None


@csrf_exempt
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process serves requests."""
    return _refused(request) or JsonResponse({"status": "alive"})


@csrf_exempt
def readyz(request: HttpRequest) -> HttpResponse:
    """200 and every part, or 503 naming the parts that fail."""
    if refused := _refused(request):
        return refused
    asked = parts()
    figures: dict[str, Any] = {name: figure() for name, figure in _figures.items()}
    failing = {name: state for name, state in asked.items() if state != "ok"}
    if not failing:
        return JsonResponse({"status": "ready", "parts": asked, **figures})
    detail = "; ".join(f"{name}: {state}" for name, state in failing.items())
    return problem_response(request, Unavailable(detail, code=Code.NOT_READY, parts=asked, **figures))


def _refused(request: HttpRequest) -> HttpResponse | None:
    if request.method in ("GET", "HEAD"):
        return None
    error = TradingError("Use GET.", code=Code.METHOD_NOT_ALLOWED)
    error.status = 405
    return problem_response(request, error, headers={"Allow": "GET, HEAD"})


ready_check("database", database_check)
ready_check("channel layer", layer_check)
