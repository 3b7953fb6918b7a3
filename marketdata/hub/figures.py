"""What does a web process show of its hub? Counters that are kept anyway, read at the scrape."""

from __future__ import annotations

from typing import Any

from marketdata.frames import FeedState
from marketdata.hub.hub import Hub
from marketdata.hub.source import HubSource
from tradingmw.metrics import (
    HUB_BYTES,
    HUB_EVENTS,
    HUB_FLUSH_COST,
    HUB_FLUSH_INTERVAL,
    HUB_GROUPS,
    HUB_PAUSED,
    HUB_SOCKETS,
    HUB_WAITING,
    LAYER_DROPS,
    WEB_FEED_AGE,
    WEB_FEED_STATE,
    one_of,
)


def show_hub(hub: Hub, source: HubSource, layer: Any) -> None:
    HUB_SOCKETS.read_from(lambda: len(hub.subscribers))
    HUB_GROUPS.read_from(lambda: len(tuple(hub.groups)))
    HUB_PAUSED.read_from(lambda: sum(one.paused for one in tuple(hub.subscribers)))
    HUB_EVENTS.read_from(lambda: {**hub.counts, **source.counts})
    HUB_BYTES.read_from(lambda: hub.bytes_written)
    HUB_FLUSH_COST.read_from(lambda: hub.clock.cost_seconds)
    HUB_FLUSH_INTERVAL.read_from(lambda: hub.clock.interval_seconds)
    HUB_WAITING.read_from(lambda: source.waiting)
    WEB_FEED_STATE.read_from(lambda: one_of(source.feed()[0], FeedState))
    WEB_FEED_AGE.read_from(lambda: age_seconds(source))
    if counts := getattr(layer, "counts", None):
        LAYER_DROPS.read_from(counts)


def age_seconds(source: HubSource) -> float:
    """Infinite where the engine was never heard."""
    age_ms = source.feed()[1]
    return float("inf") if age_ms is None else age_ms / 1000
