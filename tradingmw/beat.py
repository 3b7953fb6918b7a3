"""How does beat run? Celery's, with a scheduler that owes slots to the outbox instead of sending messages."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import uuid4

from celery.beat import Scheduler, Service
from django.db import Error, connections
from django.utils import timezone

from notifications.schedule.firing import Firing
from notifications.schedule.lease import Lease
from notifications.schedule.timetable import TIMETABLE, TimedTask
from tradingmw.celery import app

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
#: Celery's service sleeps between ticks and sees only then that it is to stop.
NAP_SECONDS: Final = 0.2


class OutboxScheduler(Scheduler):
    """Celery's interface; the timetable, the lease and the slots are `notifications.schedule`'s."""

    timetable: ClassVar[Sequence[TimedTask]] = TIMETABLE

    def setup_schedule(self) -> None:
        self._lease = Lease(holder_name())
        self._firing = Firing(self._lease, self.timetable)
        self._next_tick = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Seconds until the next call."""
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            self._look()
        return NAP_SECONDS

    def _look(self) -> None:
        try:
            self._firing.tick(timezone.now())
        except Error:
            logger.exception("Beat could not look at its slots; trying again")
            connections.close_all()

    def should_sync(self) -> bool:
        """There is nothing on disk."""
        return False

    def close(self) -> None:
        try:
            self._lease.give_back()
        except Error:
            logger.exception("Beat could not give its lease back; it ends by itself")
        connections.close_all()


def holder_name() -> str:
    """This process among all beats, for whoever reads the lease row."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid4().hex[:8]}"


def run_beat(stop: threading.Event) -> None:
    """Until `stop` is set."""
    service = Service(app, scheduler_cls=OutboxScheduler)
    threading.Thread(target=_pass_on, args=(stop, service), name="beat-stop", daemon=True).start()
    service.start()


def _pass_on(stop: threading.Event, service: Service) -> None:
    stop.wait()
    service.stop()
