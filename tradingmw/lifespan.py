"""What is opened when the web process starts, and closed when it stops?

Parts register at import: `on_startup(open)`, `on_stopping(say_so)`, `on_shutdown(close)`, coroutine functions without
arguments. Shutdown runs in the reverse order; one failure does not keep the others from closing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

logger = logging.getLogger(__name__)
Hook = Callable[[], Awaitable[None]]
_startup: list[Hook] = []
_stopping: list[Hook] = []
_shutdown: list[Hook] = []


def on_startup(hook: Hook) -> None:
    """`hook` runs before the first request; where it raises, the process does not start."""
    _startup.append(hook)


def on_stopping(hook: Hook) -> None:
    """`hook` runs once the process is asked to end, while its connections are still open."""
    _stopping.append(hook)


def on_shutdown(hook: Hook) -> None:
    """`hook` runs after the last request."""
    _shutdown.append(hook)


async def lifespan(_scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """The ASGI lifespan protocol."""
    await receive()
    for hook in _startup:
        await hook()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for hook in reversed(_shutdown):
        await _closed(hook)
    await send({"type": "lifespan.shutdown.complete"})


async def stopping() -> None:
    """The server is about to close its connections."""
    for hook in _stopping:
        await _closed(hook)


async def _closed(hook: Hook) -> None:
    try:
        await hook()
    except Exception:
        logger.exception("A part did not close cleanly")
