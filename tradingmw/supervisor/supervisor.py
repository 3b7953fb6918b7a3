"""How do the parts live together: started, kept alive, announced once all are healthy, stopped in order?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

from tradingmw.supervisor.health import HealthProbe
from tradingmw.supervisor.keeper import Keeper
from tradingmw.supervisor.parts import STOP_SECONDS
from tradingmw.supervisor.records import RunRecords
from tradingmw.supervisor.together import stop_all

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.05
#: How often a start that takes long says what it is still waiting for.
EXPLAIN_EVERY_SECONDS: Final = 10.0


class Supervisor:
    """Keeps all parts running until told to stop. `run` returns the exit code of `up`."""

    def __init__(
        self, keepers: Sequence[Keeper], probe: HealthProbe, records: RunRecords, announce: Callable[[], None]
    ) -> None:
        self._keepers = keepers
        self._probe = probe
        self._records = records
        self._announce = announce  #: called once, when every part is healthy for the first time
        self._announced = False
        self._healthy = False
        self._explain_at = time.monotonic() + EXPLAIN_EVERY_SECONDS

    def run(self, stop: Event, at_once: Event) -> int:
        """Until `stop`, or until a part proves unable to start at all (1). `at_once` cuts the orderly stop short."""
        self._probe.start()
        try:
            while not stop.is_set() and self._tick(time.monotonic()):
                stop.wait(TICK_SECONDS)
        finally:
            self._stop_in_order(at_once)
        return 0 if stop.is_set() else 1

    def _tick(self, now: float) -> bool:
        """One look at everything; False when there is no hope."""
        changes = [keeper.tick(now) for keeper in self._keepers]
        if any(changes):
            self._records.write_parts({k.part.name: k.living.pid for k in self._keepers if k.living})
        self._judge_health(now)
        return self._announced or not any(self._is_given_up(keeper) for keeper in self._keepers)

    def _is_given_up(self, keeper: Keeper) -> bool:
        if keeper.hopeless:
            lines = "\n".join(f"    {line}" for line in keeper.last_lines)
            logger.error("%s cannot be started; the last it said was:\n%s", keeper.part.name, lines)
        return keeper.hopeless

    def _judge_health(self, now: float) -> None:
        answer = self._probe.last
        alive = all(keeper.living for keeper in self._keepers)
        fresh = answer.asked_at > max(keeper.started_at for keeper in self._keepers)
        healthy = alive and fresh and not answer.fault
        if healthy and not self._announced:
            self._announced = True
            self._announce()
        elif healthy and not self._healthy:
            logger.info("Every part is healthy again")
        self._healthy = healthy
        self._explain(now)

    def _explain(self, now: float) -> None:
        if self._healthy:
            self._explain_at = now + EXPLAIN_EVERY_SECONDS
        elif now >= self._explain_at:
            self._explain_at = now + EXPLAIN_EVERY_SECONDS
            logger.warning("Not ready yet: %s", self._probe.last.fault or "a part is starting again")

    def _stop_in_order(self, at_once: Event) -> None:
        self._probe.stop()
        for turn, seconds in STOP_SECONDS.items():
            keepers = [keeper for keeper in self._keepers if keeper.part.stop_turn == turn]
            children = {keeper.child: keeper.part.name for keeper in keepers if keeper.child}
            for stubborn in stop_all(list(children), seconds, at_once):
                logger.warning("%s did not stop in time and was killed", children[stubborn])
        self._records.clear()
