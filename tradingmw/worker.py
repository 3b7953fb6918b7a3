"""How does a worker run: Celery's, a sweeper beside it, and an eye on both?

A thread cannot stop a body that hangs, and a worker that lost its broker may live on and consume nothing. Both end the
process: whoever keeps it alive starts a sound one, and the outbox gives that the work again.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from celery import bootsteps
from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.worker import state
from django.db import connections

from notifications.outbox.backlog import oldest_due_seconds, parked_tasks
from notifications.outbox.sweeping import sweep
from notifications.outbox.watching import Watch
from tradingmw.celery import LEASE_SETTING, WATCH, app, hand_over
from tradingmw.metrics import OUTBOX_OLDEST, OUTBOX_PARKED

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
#: Messages get lost and nothing was begun for so long: this worker is deaf.
DEAF_SECONDS: Final = 60.0
UNSOUND_EXIT_CODE: Final = 70


class Unsound(Exception):
    """This process cannot go on; its text says why."""


class Beside:
    """Something done again and again in a thread of its own, beside Celery's, until it finds this worker unsound."""

    def __init__(self, name: str, turn: Callable[[], None]) -> None:
        self._name = name
        self._turn = turn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._failures = 0  #: in a row

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=EVERY_SECONDS)

    def _run(self) -> None:
        while True:
            try:
                self._turn()
                self._failures = 0
            except Unsound as error:
                _end_hard(error)
            except Exception:
                self._survived()
            if self._stop.wait(EVERY_SECONDS):
                return connections.close_all()

    def _survived(self) -> None:
        self._failures += 1
        if self._failures in (1, 10) or self._failures % 60 == 0:
            logger.exception("The %s failed; trying again", self._name, extra={"failures": self._failures})
        connections.close_all()


def _end_hard(error: Unsound) -> None:
    logger.critical("ALARM: this worker ends itself", extra={"why": str(error)})
    logging.shutdown()
    os._exit(UNSOUND_EXIT_CODE)


def sweeping(watch: Watch, lease_seconds: float) -> None:
    """Hand over what is due; Unsound where messages leave and nothing arrives."""
    swept = sweep(hand_over, lease_seconds)
    if not swept.lost:
        return
    logger.warning("Tasks were handed over and not begun; handed over again", extra={"tasks": swept.lost})
    if watch.idle_seconds() > DEAF_SECONDS:
        raise Unsound("messages are sent and none arrives")


def guarding(watch: Watch) -> None:
    """Unsound where a body has used up its time. Asks no database: such a body may well be what holds that up."""
    if overdue := watch.overdue():
        raise Unsound(f"over time: {', '.join(sorted(overdue))}")


def asked(figure: Callable[[], float]) -> float:
    """A figure that the database knows, for a thread of Prometheus' that lives for one scrape."""
    try:
        return figure()
    finally:
        connections.close_all()


class OutboxStep(bootsteps.StartStopStep):
    """The sweeper and the guard live as long as Celery's worker does, whoever started that."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        sweeper = partial(sweeping, WATCH, app.conf[LEASE_SETTING])
        self._threads = (Beside("sweeper", sweeper), Beside("guard", partial(guarding, WATCH)))

    def start(self, parent: Any) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, parent: Any) -> None:
        for thread in self._threads:
            thread.stop()


class SupervisedWorker(Worker):
    """Celery's worker without its signal handlers: the stop event has its own."""

    def install_platform_tweaks(self, worker: Any) -> None:
        """Nothing."""


def run_worker(stop: threading.Event) -> None:
    """Until `stop` is set; what runs then may end. SystemExit with a code where it ended for another reason."""
    OUTBOX_OLDEST.read_from(partial(asked, oldest_due_seconds))
    OUTBOX_PARKED.read_from(partial(asked, parked_tasks))
    # As root Celery warns of pickle, which is not accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = SupervisedWorker(
        app=app,
        quiet=True,
        use_eventloop=False,  # one loop for files and Redis, Linux and Windows
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    threading.Thread(target=_pass_on, args=(stop,), name="worker-stop", daemon=True).start()
    worker.start()
    if worker.exitcode:
        sys.exit(worker.exitcode)


def _pass_on(stop: threading.Event) -> None:
    stop.wait()
    state.should_stop = 0  # type: ignore[assignment]
