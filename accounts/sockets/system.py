"""What is a client told about the parts of the system? Also that this very process is about to end."""

from __future__ import annotations

import secrets
import time
from enum import StrEnum
from typing import Any

from msgspec import Struct

from accounts.sockets.methods import Pushes

CHANNEL = "system"
SHUTDOWN = "shutdown"
#: Clients come back within this span, each at a moment of its own: together they would be a burst.
RECONNECT_MS_MIN, RECONNECT_MS_MAX = 500, 5_000


class Part(StrEnum):
    """What clients depend on."""

    ENGINE = "engine"  #: the order bridge's link to the trading engine
    ORDERS = "orders"  #: the order bridge
    FEED = "feed"  #: market data
    WEB = "web"  #: the process that serves this socket
    TRADING = "trading"  #: may be traded? of each target that binds the user, and only those


class SystemItem(Struct, kw_only=True, rename="camel", frozen=True, omit_defaults=True):
    """`state` of a part since `since` (epoch microseconds), as this process knows it.

    Of `trading` there is one item for each restriction: `scope` (firm, desk, user, symbol), `target` (its name) and
    `reason`; its state is `active` once more when it was released.

    The state `shutdown` of `web` precedes the close with 4001; come back after `reconnect_after_ms`.
    """

    part: Part
    state: str
    since: int
    reconnect_after_ms: int | None = None
    scope: str = ""
    target: str = ""
    reason: str = ""


SHUTDOWN_PUSHES = Pushes("Told on every socket before it is closed because the process ends.", SystemItem)
PUSHES = Pushes(
    "Engine link, order bridge, market data, and where you may not trade freely: the states, and each change.",
    SystemItem,
    SystemItem,
)


def shutdown_notice() -> dict[str, Any]:
    """The frame before the close with 4001."""
    wait_ms = RECONNECT_MS_MIN + secrets.randbelow(RECONNECT_MS_MAX - RECONNECT_MS_MIN + 1)
    item = SystemItem(part=Part.WEB, state=SHUTDOWN, since=time.time_ns() // 1_000, reconnect_after_ms=wait_ms)
    return {"channel": CHANNEL, "type": "update", "data": [item]}
