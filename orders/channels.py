"""Which channels has the trading socket, what must one be allowed to follow each, and how is its snapshot read?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from accounts.models import User
from accounts.policy import Function
from accounts.rights import Reach
from accounts.sockets.system import CHANNEL as SYSTEM
from notifications.feed import Source
from notifications.items import Standing
from notifications.standing import alerts_standing, notifications_standing
from orders.messages import CHANNELS, DESK_CHANNELS
from orders.snapshots import executions_standing, orders_standing, positions_standing
from tradingmw.errors import Code, InvalidRequest

OF_ACCOUNT: dict[str, Callable[[Reach], Sequence[Standing]]] = {
    "orders": orders_standing,
    "executions": executions_standing,
    "positions": positions_standing,
}
OF_USER: dict[str, Callable[[UUID], Sequence[Standing]]] = {
    "alerts": alerts_standing,
    "notifications": notifications_standing,
}
#: With the right to see all, those of any desk that is named.
FUNCTIONS = {
    **dict.fromkeys(DESK_CHANNELS, Function.ORDERS_READ_DESK),
    **dict.fromkeys(OF_ACCOUNT, Function.ORDERS_READ_OWN),
    **dict.fromkeys(OF_USER, Function.ALERTS_KEEP),
    SYSTEM: Function.SYSTEM_READ,
}


def sources_of(user: User) -> dict[str, Source]:
    """How each channel's snapshot is read."""
    return {
        **{name: partial(read, Reach(user.account_id)) for name, read in OF_ACCOUNT.items()},
        **{name: partial(read, user.id) for name, read in OF_USER.items()},
    }


def sources_of_desk(desk: UUID) -> dict[str, Source]:
    """The same, of a desk's stream."""
    return {name: partial(read, Reach(desk=desk)) for name, read in OF_ACCOUNT.items()}


def known(channel: str) -> str:
    """`channel` itself; InvalidRequest (UNKNOWN_CHANNEL)."""
    if channel not in CHANNELS:
        raise InvalidRequest("There is no such channel on this socket.", code=Code.UNKNOWN_CHANNEL)
    return channel
