"""How much may one user ask to be changed in this process? Every REST write takes a token of his budget.

In this process only: several web processes each give so much. What goes to the order bridge is counted there once more,
for all of them together. Reads are not limited here, logins have limits of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tradingmw.budgets import Purse, Tier, UserBudgets, paces_of
from tradingmw.env import env
from tradingmw.metrics import LIMITED
from tradingmw.token_buckets import Budget

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it asks for this module while it is being loaded

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@lru_cache(maxsize=1)
def user_budgets() -> UserBudgets:
    """The budgets of this process, for REST and for sockets alike; owners are user ids."""
    budgets = UserBudgets(paces_of(env()))
    LIMITED.read_from(lambda: budgets.refused)
    return budgets


class WriteThrottle(BaseThrottle):
    """DRF's question for each request: has this user a token left? Reads and strangers pass.

    A view names in `purses` which of its methods are paid from another budget than that of writes.
    """

    _wait_seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.method in SAFE or not request.user.is_authenticated:
            return True
        purses: Mapping[str | None, Purse] = getattr(view, "purses", {})
        purse, tier = purses.get(request.method, Purse.WRITES), getattr(request.user, "tier", Tier.STANDARD)
        budget = user_budgets().take(request.user.pk, purse, tier)
        vars(request._request)["write_budget"] = budget
        self._wait_seconds = budget.wait_seconds
        return not budget.wait_seconds

    def wait(self) -> float:
        return self._wait_seconds


def budget_headers(request: HttpRequest) -> dict[str, str]:
    """`RateLimit-*` of the write that `request` was; empty for others."""
    budget: Budget | None = vars(request).get("write_budget")
    return told_budget(budget) if budget else {}


def told_budget(budget: Budget) -> dict[str, str]:
    """As HTTP says it."""
    return {
        "RateLimit-Limit": str(budget.limit),
        "RateLimit-Remaining": str(budget.remaining),
        "RateLimit-Reset": str(budget.reset_seconds),
    }
