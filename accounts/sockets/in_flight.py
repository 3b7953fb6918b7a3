"""Which requests of one socket are being worked on while others are served? A bounded number."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)
IN_FLIGHT_MAX = 128


class InFlight:
    """Belongs to one event loop. Work begins in the order in which it was started."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        return len(self._tasks) >= IN_FLIGHT_MAX

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="socket-request")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def cancel(self) -> None:
        """Nobody waits for the answers any more."""
        for task in tuple(self._tasks):
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A request of a socket could not be answered", exc_info=error)
