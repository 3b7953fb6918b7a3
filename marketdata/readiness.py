"""Is market data there? Asked by `/readyz`; the hub of the web process starts and ends with it."""

from __future__ import annotations

from asgiref.sync import async_to_sync

from marketdata.frames import FeedState
from marketdata.hub import market_hub, market_hub_closed
from marketdata.models import Instrument
from tradingmw.health import ready_check
from tradingmw.lifespan import on_shutdown, on_startup

WAIT_SECONDS = 1.0


async def _opened() -> None:
    market_hub()


async def _state() -> tuple[FeedState, int | None]:
    source = market_hub().source
    await source.ready(WAIT_SECONDS)
    return source.feed()


def market_check() -> str | None:
    """None while the feed is live and its instruments are stored; else what is missing."""
    state, age_ms = async_to_sync(_state)()
    if state is FeedState.LIVE:
        return None if Instrument.objects.filter(active=True).exists() else "no instruments are stored yet"
    return f"market data is {state}, the engine was " + ("never heard" if age_ms is None else f"heard {age_ms} ms ago")


def register() -> None:
    """Called once, when the app is ready."""
    ready_check("market data", market_check)
    on_startup(_opened)
    on_shutdown(market_hub_closed)
