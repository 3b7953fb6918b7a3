"""What happens next? One agenda for the whole world: the same seed, the same order of everything."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from tests.orders.core.desk import SECOND_US, START_US

MS_US = 1_000
__all__ = ["MS_US", "SECOND_US", "START_US", "Schedule"]


class Schedule:
    """True time, in microseconds, and what is to happen at it. What falls on one instant happens in order of entry."""

    def __init__(self) -> None:
        self.now_us = START_US
        self._entries = count(1)
        self._agenda: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    def after(self, delay_us: int, what: Callable[..., None], *args: Any) -> None:
        heappush(self._agenda, (self.now_us + delay_us, next(self._entries), what, args))

    def run_until(self, end_us: int) -> None:
        agenda = self._agenda
        while agenda and agenda[0][0] <= end_us:
            self.now_us, _, what, args = heappop(agenda)
            what(*args)
        self.now_us = end_us
