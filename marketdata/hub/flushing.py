"""When does the hub send what waits? At once when it is idle, and under load no oftener than it can afford.

A flush costs about the same for one update as for ten, since the write to each socket is most of it. So the time
between two flushes follows what the last ones cost: a hub that has little to do sends every frame as it comes, for a
busy one more is gathered, up to a set maximum. It is gathered by the feed bridge, which is told how long, and so saves
its own part of every frame that it does not send. The hub itself waits only as long as others in its process need
their turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

COST_SHARE = 0.4  #: of the time between the beginnings of two flushes that the flush itself may take
MOST_SHARE = 0.7  #: that it may take in any case: requests want to be answered, too
SMOOTHING = 0.2  #: weight of the last flush in the expected cost
TOO_LONG_SECONDS = 0.05  #: flushes that take so long merge what they send
STALL_SECONDS = 0.002  #: with twice the expected cost, the most that one flush counts for: a stall is no load


class Loop(Protocol):
    """What is needed of an event loop."""

    def call_soon(self, callback: Callable[[], Any], /) -> Any: ...

    def call_later(self, delay: float, callback: Callable[[], Any], /) -> Any: ...

    def time(self) -> float: ...


class FlushClock:
    """`flush(merging)` is called in a turn of its own, once for all calls of `soon`; it tells whether it sent."""

    def __init__(self, loop: Loop, flush: Callable[[bool], bool], longest_seconds: float) -> None:
        self._loop, self._flush, self._longest = loop, flush, longest_seconds
        self._due: float | None = None  #: when the awaited flush is to happen
        self._begun_at = float("-inf")
        self.cost_seconds = 0.0  #: of a flush, smoothed

    @property
    def interval_seconds(self) -> float:
        """What should lie between the beginnings of two flushes."""
        return max(min(self._longest, self.cost_seconds / COST_SHARE), self._least_seconds)

    @property
    def _least_seconds(self) -> float:
        return self.cost_seconds / MOST_SHARE

    def soon(self) -> None:
        """Something waits."""
        if self._due is None:
            now = self._loop.time()
            self._due = max(now, self._begun_at + self._least_seconds)
            if self._due == now:
                self._loop.call_soon(self._run)
            else:
                self._loop.call_later(self._due - now, self._run)

    def _run(self) -> None:
        begun = self._begun_at = self._loop.time()
        self._due = None
        if self._flush(self.cost_seconds > TOO_LONG_SECONDS):
            cost = min(self._loop.time() - begun, 2 * self.cost_seconds + STALL_SECONDS)
            self.cost_seconds += SMOOTHING * (cost - self.cost_seconds)
