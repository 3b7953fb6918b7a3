"""How does a socket get no more of each symbol than it asked for, and still the newest?

Subscriptions of one rate share a pace. The first change of a symbol goes out at once; what follows within the period
is only marked, at no cost, and told as one when the period is over, to each socket from where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from marketdata.hub.subscriber import Subscriber, sinks
from marketdata.hub.views import View


class Pace:
    """The followers of one rate and format, by view."""

    __slots__ = ("_allowed_at", "_changed", "_period_seconds", "_wire", "followers")

    def __init__(self, rate: float, wire: str) -> None:
        self._period_seconds, self._wire = 1 / rate, wire
        self.followers: dict[View, dict[Subscriber, None]] = {}
        self._changed: dict[View, bytes] = {}
        self._allowed_at: dict[View, float] = {}

    def add(self, view: View, subscriber: Subscriber) -> None:
        if view not in self.followers:
            self.followers[view] = {}
            sinks(view, self._wire)[self] = partial(self._changed.__setitem__, view)
        self.followers[view][subscriber] = None

    def remove(self, view: View, subscriber: Subscriber) -> None:
        followers = self.followers[view]
        del followers[subscriber]
        if not followers:
            del self.followers[view], sinks(view, self._wire)[self]
            self._changed.pop(view, None)
            self._allowed_at.pop(view, None)

    def ready(self, now: float) -> list[View]:
        """What has changed and may be told now; it may be told again a period later."""
        ready = [view for view in self._changed if self._allowed_at.get(view, now) <= now]
        for view in ready:
            del self._changed[view]
            self._allowed_at[view] = now + self._period_seconds
        return ready

    @property
    def next_at(self) -> float:
        """When something that waits may be told; infinite where nothing waits."""
        return min((self._allowed_at.get(view, 0.0) for view in self._changed), default=float("inf"))


class Paces:
    """All rates of a hub."""

    def __init__(self) -> None:
        self._paces: dict[tuple[float, str], Pace] = {}

    def add(self, rate: float, view: View, subscriber: Subscriber, sent: int) -> None:
        """The socket was sent number `sent` of the view."""
        key = (rate, subscriber.wire)
        if (pace := self._paces.get(key)) is None:
            pace = self._paces[key] = Pace(*key)
        pace.add(view, subscriber)
        subscriber.rated[view] = sent

    def remove(self, rate: float, view: View, subscriber: Subscriber) -> int | None:
        """The number last sent; None where the socket does not follow the view at that rate."""
        if (sent := subscriber.rated.pop(view, None)) is not None:
            key = (rate, subscriber.wire)
            self._paces[key].remove(view, subscriber)
            if not self._paces[key].followers:
                del self._paces[key]
        return sent

    def ready(self, now: float) -> Iterator[tuple[View, Subscriber]]:
        """Who may be told what now."""
        for pace in self._paces.values():
            for view in pace.ready(now):
                for subscriber in pace.followers[view]:
                    yield view, subscriber

    @property
    def next_at(self) -> float:
        return min((pace.next_at for pace in self._paces.values()), default=float("inf"))
