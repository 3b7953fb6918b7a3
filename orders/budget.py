"""How does an error tell a caller what he has left to ask for? In headers over REST, beside it on a socket."""

from __future__ import annotations

from accounts.sockets.methods import rate_limit
from tradingmw.errors import TradingError
from tradingmw.rate_limit import told_budget
from tradingmw.token_buckets import Budget


def with_budget(error: TradingError, budget: Budget) -> TradingError:
    """`error`, which says it from now on."""
    error.headers |= told_budget(budget)
    error.beside |= rate_limit(budget)
    return error
