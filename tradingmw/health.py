"""Is this process alive, and are the parts that it needs there?

Parts add their checks where the process is put together: `ready_check("engine link", fn)`. A check returns None, or a
sentence about what is wrong; it must bound its own time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tradingmw.errors import Code, Unavailable
from tradingmw.layer_health import layer_check
from tradingmw.problem import only_read, problem_response

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
    except Error as error:
        return f"the database does not answer ({type(error).__name__})"
    except Exception:
        logger.exception("A readiness check failed", extra={"part": name})
        return "the check failed"


def database_check() -> None:
    """One query that reads from a table: SQLite answers `SELECT 1` without its file."""
    MigrationRecorder.Migration.objects.exists()


class Found(NamedTuple):
    """What one look at every part found."""

    parts: dict[str, str]
    figures: dict[str, int | None]


def look() -> Found:
    """Asks every part once."""
    close_old_connections()
    return Found(parts(), {name: figure() for name, figure in _figures.items()})


class SharedLook:
    """One look at a time, in a thread of its own: a thousand who ask at once cost no more than two.

    Whoever asks is told of a look that began after he had asked.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[Found] | None = None

    async def take(self) -> Found:
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        return await asyncio.shield(self._next)

    async def _look(self) -> Found:
        async with self._turn:
            self._next = None
            return await sync_to_async(look, thread_sensitive=False, executor=self._thread)()


_looks: WeakKeyDictionary[asyncio.AbstractEventLoop, SharedLook] = WeakKeyDictionary()


@csrf_exempt
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process serves requests."""
    return only_read(request) or JsonResponse({"status": "alive"})


@csrf_exempt
async def readyz(request: HttpRequest) -> HttpResponse:
    """200 and every part, or 503 naming the parts that fail."""
    if refused := only_read(request):
        return refused
    found = await _looks.setdefault(asyncio.get_running_loop(), SharedLook()).take()
    failing = {name: state for name, state in found.parts.items() if state != "ok"}
    if not failing:
        return JsonResponse({"status": "ready", "parts": found.parts, **found.figures})
    detail = "; ".join(f"{name}: {state}" for name, state in failing.items())
    extra: dict[str, Any] = {"parts": found.parts, **found.figures}
    return problem_response(request, Unavailable(detail, code=Code.NOT_READY, **extra))


ready_check("database", database_check)
ready_check("channel layer", layer_check)
