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
from typing import Any, Final

from celery import bootsteps
from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.worker import state
from django.db import connections

from notifications.outbox.sweeping import LEASE_SECONDS, sweep
from notifications.outbox.watching import Watch
from tradingmw.celery import LEASE_SETTING, WATCH, app, hand_over

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 1.0
#: Messages get lost and nothing was begun for so long: this worker is deaf.
DEAF_SECONDS: Final = 60.0
UNSOUND_EXIT_CODE: Final = 70


class Unsound(Exception):
    """This process cannot go on; its text says why."""


class Sweeper:
    """Hands over what is due, once a second, in a thread of its own."""

    def __init__(self, watch: Watch, lease_seconds: float = LEASE_SECONDS) -> None:
        self._watch = watch
        self._lease_seconds = lease_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._failures = 0  #: in a row

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=SWEEP_SECONDS)

    def _run(self) -> None:
        while True:
            try:
                self.turn()
            except Unsound as error:
                _end_hard(error)
            except Exception:
                self._survived()
            if self._stop.wait(SWEEP_SECONDS):
                return connections.close_all()

    def turn(self) -> None:
        """One sweep and one look at this worker; Unsound where it should not go on."""
        if overdue := self._watch.overdue():
            raise Unsound(f"over time: {', '.join(sorted(overdue))}")
        swept = sweep(hand_over, self._lease_seconds)
        self._failures = 0
        if not swept.lost:
            return
        logger.warning("Tasks were handed over and not begun; handed over again", extra={"tasks": swept.lost})
        if self._watch.idle_seconds() > DEAF_SECONDS:
            raise Unsound("messages are sent and none arrives")

    def _survived(self) -> None:
        self._failures += 1
        if self._failures in (1, 10) or self._failures % 60 == 0:
            logger.exception("The outbox could not be swept; trying again", extra={"failures": self._failures})
        connections.close_all()


def _end_hard(error: Unsound) -> None:
    logger.critical("ALARM: this worker ends itself", extra={"why": str(error)})
    logging.shutdown()
    os._exit(UNSOUND_EXIT_CODE)


class SweeperStep(bootsteps.StartStopStep):
    """The sweeper lives as long as Celery's worker does, whoever started that."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._sweeper = Sweeper(WATCH, app.conf[LEASE_SETTING])

    def start(self, parent: Any) -> None:
        self._sweeper.start()

    def stop(self, parent: Any) -> None:
        self._sweeper.stop()


class SupervisedWorker(Worker):
    """Celery's worker without its signal handlers: the stop event has its own."""

    def install_platform_tweaks(self, worker: Any) -> None:
        """Nothing."""


def run_worker(stop: threading.Event) -> None:
    """Until `stop` is set; what runs then may end. SystemExit with a code where it ended for another reason."""
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
