"""Which alerts does a look at a symbol's price fire? Found in O(log n + fired), however many wait.

Per symbol two sorted lists of targets: those that wait for a price above and those that wait for one below. What a
look fires are the first entries of the one and the last entries of the other. A cross that has no side yet stands on
neither; all of a symbol's have the present price as their target, so the next price that differs decides them all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from notifications.rules import Armed, Look, Side, fires

Entry = tuple[int, UUID]  #: target, alert
LAST_UUID = UUID(int=2**128 - 1)
FIRST_UUID = UUID(int=0)


class Seen(NamedTuple):
    """What a look did: alerts that fired and have left the index, and crosses that have a side now."""

    fired: list[Armed]
    sided: list[Armed]


class _Symbol:
    """The alerts of one symbol."""

    def __init__(self) -> None:
        self._by_wait: dict[Side, list[Entry]] = {side: [] for side in Side}

    def add(self, alert: Armed) -> None:
        insort(self._by_wait[alert.waits_for], (alert.target_e8, alert.id))

    def discard(self, alert: Armed) -> None:
        entries, entry = self._by_wait[alert.waits_for], (alert.target_e8, alert.id)
        place = bisect_left(entries, entry)
        if entries[place : place + 1] == [entry]:
            del entries[place]

    def touched(self, look: Look) -> list[UUID]:
        """Alerts that fire, or learn their side; they are taken out."""
        above, below, undecided = (self._by_wait[side] for side in (Side.ABOVE, Side.BELOW, Side.UNKNOWN))
        reached = bisect_left(above, (look.high_e8, FIRST_UUID))
        left = bisect_right(below, (look.low_e8, LAST_UUID))
        taken = above[:reached] + below[left:] + undecided
        del above[:reached], below[left:], undecided[:]
        return [alert_id for _, alert_id in taken]

    def __bool__(self) -> bool:
        return any(self._by_wait.values())


class AlertIndex:
    """The alerts that wait, by id and by symbol and target."""

    def __init__(self) -> None:
        self._alerts: dict[UUID, Armed] = {}
        self._symbols: dict[str, _Symbol] = {}

    def put(self, alert: Armed) -> None:
        """Add it, in the place of an earlier arming."""
        self.discard(alert.id)
        self._alerts[alert.id] = alert
        self._symbols.setdefault(alert.symbol, _Symbol()).add(alert)

    def discard(self, alert_id: UUID) -> None:
        alert = self._alerts.pop(alert_id, None)
        if alert is not None:
            of_symbol = self._symbols[alert.symbol]
            of_symbol.discard(alert)
            if not of_symbol:
                del self._symbols[alert.symbol]

    def look(self, symbol: str, look: Look) -> Seen:
        """Apply `look`; what fires is no longer in the index."""
        seen = Seen([], [])
        of_symbol = self._symbols.get(symbol)
        if of_symbol is None:
            return seen
        for alert_id in of_symbol.touched(look):
            self._settle(self._alerts.pop(alert_id), look, seen)
        if not of_symbol and self._symbols.get(symbol) is of_symbol:
            del self._symbols[symbol]
        return seen

    def _settle(self, alert: Armed, look: Look, seen: Seen) -> None:
        if fires(alert, look):
            seen.fired.append(alert)
            return
        after = alert.seen(look)
        if after.side:
            seen.sided.append(after)
        self.put(after)

    def get(self, alert_id: UUID) -> Armed | None:
        return self._alerts.get(alert_id)

    def __iter__(self) -> Iterator[Armed]:
        return iter(list(self._alerts.values()))

    def __len__(self) -> int:
        return len(self._alerts)
