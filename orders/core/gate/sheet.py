"""Which limits does an order fall under? All of them by their target, and those apart that cannot be meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from orders.core.limits import Limit, Rule
from orders.core.scopes import FIRM, Scope, Target, targets_of
from orders.core.state import OrderState

WITHOUT_VALUE: Final = frozenset({Rule.RESTRICTED, Rule.REFERENCE_PRICE, Rule.SELF_TRADE})
COLLAR_MOST_E4: Final = 100 * 10**4
FOUND_MOST: Final = 10_000  #: users × instruments whose limits are kept at hand
Fault = tuple[Limit, str]
Whose = tuple[UUID | None, UUID, str]  #: desk, user, symbol


class Sheet:
    """Made anew where the limits have changed. `faults` are sentences about limits that are ignored."""

    def __init__(self, limits: tuple[Limit, ...]) -> None:
        self.limits = limits
        self.faults: list[Fault] = []
        self._by_target: defaultdict[Target, list[Limit]] = defaultdict(list)
        self._found: dict[Whose, tuple[Limit, ...]] = {}
        for limit in limits:
            if fault := fault_of(limit):
                self.faults.append((limit, fault))
            else:
                self._by_target[limit.target].append(limit)

    def of(self, order: OrderState, now_us: int) -> list[Limit]:
        """Those in effect, the widest target first."""
        whose = (order.desk, order.user, order.symbol)
        limits = self._found.get(whose)
        if limits is None:
            if len(self._found) >= FOUND_MOST:
                self._found.clear()
            limits = self._found[whose] = tuple(self._all_of(order))
        return [limit for limit in limits if limit.holds_at(now_us)]

    def _all_of(self, order: OrderState) -> Iterator[Limit]:
        """Of all times."""
        for target in targets_of(order):
            for limit in self._by_target.get(target, ()):
                if limit.symbol in ("", order.symbol):
                    yield limit


def fault_of(limit: Limit) -> str:
    """Why it cannot be meant; empty where it can."""
    if limit.rule is Rule.TRADING_STATE:
        return "A trading state is no limit."
    if limit.value < 0:
        return "A limit is not negative."
    if limit.rule in WITHOUT_VALUE and limit.value:
        return f"{limit.rule} has no value."
    if limit.rule is Rule.PRICE_COLLAR and limit.value > COLLAR_MOST_E4:
        return "A collar is at most a hundred per cent."
    if limit.until_us is not None and limit.until_us <= limit.from_us:
        return "It ends before it begins."
    return fault_of_target(limit)


def fault_of_target(limit: Limit) -> str:
    if (limit.target.scope is Scope.FIRM) != (limit.target == FIRM) or (not limit.target.key) != (limit.target == FIRM):
        return "Whom it holds for is not said."
    if limit.target.scope is Scope.SYMBOL and limit.symbol not in ("", limit.target.key):
        return "It names two instruments."
    return ""
