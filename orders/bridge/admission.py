"""Is a request let in to wait for the core? If its user has budget left, the core keeps up, and its line has room.

Every web process asks here, in one thread: what one user may ask for holds for all of them together. What is refused
was neither decided nor written. The budgets begin full when a bridge begins, or takes over from another.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from math import ceil
from typing import Final

from orders.bridge.intake import Intake, Line
from orders.bridge.load import HOLD_SECONDS, Bounds, LoadGate
from orders.core.inputs import Asked
from orders.requests import (
    AnyRequest,
    CancelAllOrders,
    CancelOrder,
    ClosePositions,
    PlaceBasket,
    PlaceOrder,
    PlaceOrderGroup,
    PreviewOrder,
    ReplaceOrder,
)
from tradingmw.budgets import Purse, UserBudgets, paces_of
from tradingmw.env import Env
from tradingmw.errors import Code, TooManyRequests, TradingError, Unavailable
from tradingmw.token_buckets import Budget

logger = logging.getLogger(__name__)

#: who asks for anything else asks for free: operators, and whoever stops trading
PURSES: Final[dict[type[AnyRequest], Purse]] = {
    PlaceOrder: Purse.WRITES,
    ReplaceOrder: Purse.WRITES,
    PreviewOrder: Purse.PREVIEWS,
    CancelOrder: Purse.CANCELS,
    CancelAllOrders: Purse.CANCELS,
    PlaceOrderGroup: Purse.WRITES,
    PlaceBasket: Purse.WRITES,
    ClosePositions: Purse.CANCELS,
}


class Admission:
    """Used by the link thread alone. `refused` counts, by the reason."""

    def __init__(
        self, intake: Intake, budgets: UserBudgets, gate: LoadGate, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.refused: Counter[str] = Counter(rate_limited=0, overloaded=0, full=0)
        self._intake, self._budgets, self._gate, self._monotonic = intake, budgets, gate, monotonic

    @property
    def level(self) -> int:
        """Of overload: so many tiers are refused new orders."""
        return self._gate.level

    def spend(self, request: AnyRequest) -> Budget | None:
        """One token of the caller's for each order, or the refusal; None for what costs nothing."""
        purse = PURSES.get(type(request))
        if purse is None:
            return None
        caller = request.caller  # type: ignore[union-attr]  # all that cost something have one
        return self._budgets.take(caller.user.int, purse, caller.tier, tokens_of(request))

    def refusal(self, asked: Asked, budget: Budget | None) -> TradingError | None:
        """Why `asked` does not wait now; None where it does."""
        if budget is not None and budget.wait_seconds:
            self.refused["rate_limited"] += 1
            return TooManyRequests("You write too fast.", retry_after_seconds=ceil(budget.wait_seconds))
        self.look()
        if not self._has_time_for(asked):
            self.refused["overloaded"] += 1
            return overloaded(self.level)
        if not self._intake.offer_request(asked):
            self.refused["full"] += 1
            return full()
        return None

    def look(self) -> None:
        """How much there is to do now; asked for each request, and many times a second."""
        if not self._gate.level and self._gate.is_calm(self._intake.news):
            return
        backlog = self._intake.backlog()
        if self._gate.look(backlog, self._monotonic()):
            facts = {"level": self.level, **backlog._asdict()}
            say = logger.warning if self.level else logger.info
            say("New orders are refused by tier" if self.level else "New orders of all are taken again", extra=facts)

    def _has_time_for(self, asked: Asked) -> bool:
        line = self._intake.line_of(asked) if self.level else None
        if line is Line.NEWS:
            return self._gate.admits(asked.request.caller.tier)  # type: ignore[union-attr]  # whoever orders is a caller
        return line is not Line.QUERIES


def tokens_of(request: AnyRequest) -> int:
    return len(request.orders) or 1 if isinstance(request, PlaceOrderGroup | PlaceBasket) else 1


def admission_of(env: Env, intake: Intake) -> Admission:
    """As the settings have it."""
    bounds = Bounds(env.overload_wait_ms / 1000, env.overload_waiting)
    return Admission(intake, UserBudgets(paces_of(env)), LoadGate(bounds))


def overloaded(level: int) -> Unavailable:
    """It takes a while of calm for each step down."""
    seconds = ceil(level * HOLD_SECONDS)
    return Unavailable(
        "More is asked than is done in time; nothing was done.", code=Code.OVERLOADED, retry_after_seconds=seconds
    )


def full() -> Unavailable:
    detail = "Too many requests wait; nothing was done."
    return Unavailable(detail, code=Code.ORDER_BRIDGE_UNAVAILABLE, retry_after_seconds=1)
