"""How does the order bridge learn of an approved limit at once? It is asked to read them anew, and that is waited for.

A bridge that is away reads them when it begins, and one that did not hear looks each second; so nothing depends on it.
"""

from __future__ import annotations

import logging

from asgiref.sync import async_to_sync

from orders.client import order_client
from orders.limit_requests import LimitsAnswer, ReloadLimits
from tradingmw.errors import TradingError

logger = logging.getLogger(__name__)


def announce_limits() -> None:
    """After the commit. The gate has them when this returns, or will within a second."""
    try:
        async_to_sync(order_client().ask)(ReloadLimits(request_id=1, deadline_us=0), LimitsAnswer)
    except TradingError as error:
        logger.warning("The order bridge was not told of a limit; it will look by itself", extra={"why": str(error)})
