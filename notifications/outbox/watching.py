"""Which bodies run in this process, since when, and which of them should have ended?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watch:
    """Shared by the threads of one worker."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._running: dict[int, tuple[str, float]] = {}  #: thread → what it runs, and until when it may
        self._last_begun = monotonic()

    @contextmanager
    def over(self, task: str, limit_seconds: float) -> Iterator[None]:
        """While the body of `task` runs in this thread."""
        thread = threading.get_ident()
        self._last_begun = self._monotonic()
        self._running[thread] = task, self._last_begun + limit_seconds
        try:
            yield
        finally:
            del self._running[thread]

    def overdue(self) -> list[str]:
        """The tasks whose time is up and that still run."""
        now = self._monotonic()
        return [task for task, until in list(self._running.values()) if now > until]

    def idle_seconds(self) -> float:
        """Since the last body began, or since the start."""
        return self._monotonic() - self._last_begun
