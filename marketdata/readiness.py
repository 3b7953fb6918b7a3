"""Is market data there? Asked by `/readyz`."""

from __future__ import annotations

from asgiref.sync import async_to_sync

from marketdata.frames import FeedState
from marketdata.hub import market_hub
from marketdata.hub.pulse import Pulse
from marketdata.models import Instrument

WAIT_SECONDS = 1.0


async def _state() -> tuple[Pulse | None, int, int | None]:
    """What the feed bridge says now, the epoch that the hub serves, and the age of what it was last told."""
    market = market_hub()
    await market.source.ready(WAIT_SECONDS)
    return await market.pulse.ask(WAIT_SECONDS), market.hub.epoch, market.source.feed()[1]


def market_check() -> str | None:
    """None while the feed is live, served and its instruments are stored; else what is missing."""
    pulse, served_epoch, told_ms = async_to_sync(_state)()
    if pulse is None:
        return f"the feed bridge does not answer; the engine was {heard(told_ms)}"
    if pulse.state is not FeedState.LIVE:
        return f"market data is {pulse.state}, the engine was {heard(pulse.age_ms)}"
    if pulse.epoch != served_epoch:
        return "the feed bridge began anew; its market is not served yet"
    return None if Instrument.objects.filter(active=True).exists() else "no instruments are stored yet"


def feed_age_ms() -> int | None:
    """Since the engine was last heard; None: never."""
    return async_to_sync(_age)()


async def _age() -> int | None:
    return market_hub().source.feed()[1]


def heard(age_ms: int | None) -> str:
    return "never heard" if age_ms is None else f"heard {age_ms} ms ago"
