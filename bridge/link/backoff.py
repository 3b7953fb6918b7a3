"""How long until the next attempt? Twice as long each time, and never in step with others."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Waits of `first_seconds`, doubling to `longest_seconds`, each shortened by up to half at random."""

    def __init__(
        self,
        first_seconds: float = 0.1,
        longest_seconds: float = 1.0,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._uniform = uniform
        self._next_seconds = first_seconds

    def wait_seconds(self) -> float:
        """The wait before the next attempt; the one after it is longer."""
        wait = self._next_seconds
        self._next_seconds = min(2 * wait, self._longest_seconds)
        return wait * (1 - self._uniform() / 2)

    def reset(self) -> None:
        """An attempt succeeded: begin anew."""
        self._next_seconds = self._first_seconds
