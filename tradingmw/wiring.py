"""Which parts make up each long-running process? The one place that ties the apps together."""

from __future__ import annotations

import sys
import threading

from channels.layers import get_channel_layer

from bridge.sockets.curve import Role
from marketdata.feed import FeedBridge
from notifications.alerts.figures import show_alerts
from notifications.alerts.watch import AlertWatch
from orders.bridge import OrderBridge
from tradingmw.env import env
from tradingmw.group_layer import GroupLayer
from tradingmw.layers import ZmqChannelLayer

#: So long one thread of the order bridge that computes may keep the other waiting. Python's own 5 ms let a request wait
#: for the core's next commit before the link thread could even read it.
SWITCH_SECONDS = 0.0005


def run_order_bridge(stop: threading.Event, *, standby: bool = False) -> None:
    """Order core, ledger and engine link, until `stop` is set; with `standby` not before no other bridge lives."""
    sys.setswitchinterval(SWITCH_SECONDS)
    OrderBridge(env(), standby=standby).run(stop)


def run_feed_bridge(stop: threading.Event) -> None:
    """The market-data link, its books and their publication, and beside it the price alerts, until `stop` is set."""
    alerts = AlertWatch(_feed_layer())
    show_alerts(alerts)
    try:
        FeedBridge(env(), on_prices=alerts.take).run(stop)
    finally:
        alerts.close()


def _feed_layer() -> GroupLayer:
    """The channel layer, with the feed bridge's own key where it is the embedded one."""
    layer: GroupLayer = get_channel_layer() if env().redis_url else ZmqChannelLayer(role=Role.FEED_BRIDGE)
    return layer
