"""Which parts make up each long-running process? The one place that ties the apps together."""

from __future__ import annotations

import threading

from marketdata.feed import FeedBridge
from orders.bridge import OrderBridge
from tradingmw.env import env


def run_order_bridge(stop: threading.Event) -> None:
    """The order core, its ledger and its engine link, until `stop` is set."""
    OrderBridge(env()).run(stop)


def run_feed_bridge(stop: threading.Event) -> None:
    """The market-data link, its books and their publication, until `stop` is set."""
    FeedBridge(env()).run(stop)
