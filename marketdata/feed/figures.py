"""What does the feed bridge show of itself? Counters that are kept anyway, read at the scrape."""

from __future__ import annotations

from collections.abc import Callable

from marketdata.feed.engine import EngineFeed
from marketdata.feed.publication import Publication
from marketdata.feed.state_server import StateServer
from marketdata.frames import FeedState
from tradingmw.layers import GroupPublisher
from tradingmw.metrics import (
    FEED_AGE,
    FEED_FRAMES,
    FEED_LAYER_DROPS,
    FEED_MISSED,
    FEED_REJECTED,
    FEED_REPAIRS,
    FEED_REQUESTS,
    FEED_STATE,
    FEED_UPDATES,
    one_of,
)


def show_feed(
    state: Callable[[], FeedState],
    engine: EngineFeed,
    publication: Publication,
    server: StateServer,
    publisher: GroupPublisher,
) -> None:
    FEED_STATE.read_from(lambda: one_of(state(), FeedState))
    FEED_AGE.read_from(lambda: engine.silence_seconds)
    FEED_REJECTED.read_from(engine.faults)
    FEED_MISSED.read_from(lambda: engine.missed)
    FEED_REPAIRS.read_from(lambda: engine.repairs)
    FEED_FRAMES.read_from(lambda: publication.frames)
    FEED_UPDATES.read_from(lambda: publication.updates)
    FEED_REQUESTS.read_from(lambda: server.counts)
    FEED_LAYER_DROPS.read_from(lambda: publisher.dropped)
