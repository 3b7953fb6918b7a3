"""Whose request is next in a line? Users take turns, however much one of them has asked."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import NamedTuple

from orders.core.inputs import Asked


class Waiting(NamedTuple):
    """A place in a line."""

    number: int
    request: Asked


class Turns:
    """A queue in which users take turns: each has its own line, and the lines are served one by one.

    Nobody may have more waiting than there is room left: whoever comes new always finds some.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: OrderedDict[int, deque[Waiting]] = OrderedDict()
        #: since when: of all that wait, by number, the oldest first
        self.waiting: OrderedDict[int, float] = OrderedDict()
        self._number = 0

    def __len__(self) -> int:
        return len(self.waiting)

    def put(self, user: int, request: Asked, now_seconds: float) -> bool:
        """False where too many wait already."""
        line = self._lines.get(user)
        if (len(line) if line else 0) >= self._most - len(self.waiting):
            return False
        if line is None:
            line = self._lines[user] = deque()
        self._number += 1
        line.append(Waiting(self._number, request))
        self.waiting[self._number] = now_seconds
        return True

    def take(self, most: int) -> list[Asked]:
        return [self._next() for _ in range(min(most, len(self.waiting)))]

    def oldest_seconds(self, now_seconds: float) -> float:
        """How long the one has waited who waits longest."""
        return now_seconds - next(iter(self.waiting.values()), now_seconds)

    def _next(self) -> Asked:
        user, line = self._lines.popitem(last=False)
        number, request = line.popleft()
        if line:
            self._lines[user] = line
        del self.waiting[number]
        return request
