"""Can orders reach the engine? A part of `/readyz`."""

from __future__ import annotations

from asgiref.sync import async_to_sync

from orders.client import bridge_state
from tradingmw.errors import TradingError

CORE_PAUSE_MAX_MS = 5_000


def order_bridge_check() -> str | None:
    """None when new orders are taken; bounded to about a second."""
    try:
        state = async_to_sync(bridge_state)()
    except TradingError as error:
        return error.detail
    if state.core_age_ms > CORE_PAUSE_MAX_MS:
        return f"the order core has not finished a pass for {state.core_age_ms} ms"
    if state.tripped:
        return f"nothing new is sent to the engine: {state.tripped}"
    return None if state.live else f"the engine link is {state.link}"
