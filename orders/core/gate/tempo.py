"""How many orders were placed lately, and how many of them were alike?

A second for the rate, two for orders that are alike, a day (UTC) for the day's number. An order counts when it is
accepted; one that is denied does not. Where the clock was set back, what was counted under the later time is forgotten.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from bridge.wire.vocabulary import OrderType, Side
from orders.core.gate.exposure import Key, keys_of
from orders.core.state import OrderState

RATE_US: Final = 1_000_000
DUPLICATE_US: Final = 2_000_000
DAY_US: Final = 86_400_000_000


class Likeness(NamedTuple):
    """What is the same in orders that are alike; `key` says whose."""

    key: Key
    side: Side
    order_type: OrderType
    quantity_e8: int
    price_e8: int | None
    stop_price_e8: int | None


Kind = Key | Likeness
K = TypeVar("K")


def keys_of_order(order: OrderState) -> tuple[Key, ...]:
    return keys_of((order.desk, order.account, order.symbol))


def likeness(order: OrderState, key: Key) -> Likeness:
    return Likeness(key, order.side, order.order_type, order.quantity_e8, order.price_e8, order.stop_price_e8)


def likenesses(order: OrderState, keys: Iterable[Key]) -> list[Likeness]:
    """Whether it is looked for among the firm's, the desk's or the account's orders: always in the symbol."""
    return [likeness(order, key) for key in keys if key.symbol]


def count_each(counts: defaultdict[K, int], kinds: Iterable[K]) -> None:
    """As `Counter.update` does, which takes longer to find out what it was given than to count it."""
    for kind in kinds:
        counts[kind] += 1


class Window:
    """What was counted within the last `width_us`."""

    def __init__(self, width_us: int) -> None:
        self._width_us = width_us
        self._entries: deque[tuple[int, tuple[Kind, ...]]] = deque()
        self._counts: defaultdict[Kind, int] = defaultdict(int)

    def count(self, kind: Kind, now_us: int) -> int:
        self._expire(now_us)
        return self._counts.get(kind, 0)

    def add(self, kinds: Iterable[Kind], at_us: int) -> None:
        entry = tuple(kinds)
        self._entries.append((at_us, entry))
        count_each(self._counts, entry)

    def _expire(self, now_us: int) -> None:
        entries = self._entries
        if entries and entries[-1][0] > now_us + self._width_us:
            entries.clear()
            self._counts.clear()
        while entries and entries[0][0] <= now_us - self._width_us:
            _, kinds = entries.popleft()
            for kind in kinds:
                self._counts[kind] -= 1
                if not self._counts[kind]:
                    del self._counts[kind]


class Tempo:
    """What is committed. `day` is the number of days since 1970 whose orders are counted."""

    def __init__(self) -> None:
        self.rate, self.alike = Window(RATE_US), Window(DUPLICATE_US)
        self.day = 0
        self.of_day: defaultdict[Key, int] = defaultdict(int)
        self.canceled_of_day: defaultdict[Key, int] = defaultdict(int)  #: asked for by people and programs

    def begin_with(
        self, day: int, of_day: Mapping[Key, int], canceled: Mapping[Key, int], lately: Iterable[OrderState]
    ) -> None:
        """What an earlier life of the process has accepted: of this day, and `lately`, the oldest first."""
        self.day, self.of_day, self.canceled_of_day = day, defaultdict(int, of_day), defaultdict(int, canceled)
        for order in lately:
            self._add(order, keys_of_order(order))

    def of_day_at(self, key: Key, now_us: int) -> int:
        return self.of_day.get(key, 0) if self.day == now_us // DAY_US else 0

    def canceled_at(self, key: Key, now_us: int) -> int:
        return self.canceled_of_day.get(key, 0) if self.day == now_us // DAY_US else 0

    def canceled(self, order: OrderState, at_us: int) -> None:
        self._turn_to(at_us // DAY_US)
        count_each(self.canceled_of_day, keys_of_order(order))

    def _turn_to(self, day: int) -> None:
        if self.day != day:
            self.day, self.of_day, self.canceled_of_day = day, defaultdict(int), defaultdict(int)

    def placed(self, order: OrderState) -> None:
        self._turn_to(order.created_at_us // DAY_US)
        keys = keys_of_order(order)
        count_each(self.of_day, keys)
        self._add(order, keys)

    def _add(self, order: OrderState, keys: tuple[Key, ...]) -> None:
        self.rate.add(keys, order.created_at_us)
        self.alike.add(likenesses(order, keys), order.created_at_us)


class TempoDraft:
    """The same with what the batch has accepted, all of it at `now_us`."""

    def __init__(self, below: Tempo, now_us: int) -> None:
        self._below, self._now_us = below, now_us
        self._placed: list[OrderState] = []
        self._more: defaultdict[Kind, int] = defaultdict(int)
        self._canceled: list[OrderState] = []

    def rate(self, key: Key) -> int:
        return self._below.rate.count(key, self._now_us) + self._more[key]

    def of_day(self, key: Key) -> int:
        return self._below.of_day_at(key, self._now_us) + self._more[key]

    def canceled(self, key: Key) -> int:
        more = sum(key in keys_of_order(order) for order in self._canceled)
        return self._below.canceled_at(key, self._now_us) + more

    def cancel_asked(self, order: OrderState) -> None:
        self._canceled.append(order)

    def alike(self, order: OrderState, key: Key) -> int:
        kind = likeness(order, key)
        return self._below.alike.count(kind, self._now_us) + self._more[kind]

    def placed(self, order: OrderState) -> None:
        """It was accepted: sent, or kept back."""
        self._placed.append(order)
        keys = keys_of_order(order)
        count_each(self._more, keys)
        count_each(self._more, likenesses(order, keys))

    def adopt(self) -> None:
        for order in self._placed:
            self._below.placed(order)
        for order in self._canceled:
            self._below.canceled(order, self._now_us)
