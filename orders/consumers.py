"""What happens on the trading socket? The private stream is subscribed, resumed and pushed; orders are placed.

Every payload goes through one queue, answers too, so that nothing overtakes anything: result, then snapshot or replay,
then updates. A client that does not keep up is closed with 4008 and resumes. Orders wait for the order bridge without
holding up the socket.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, NoReturn
from uuid import UUID

import msgspec
from django.db import Error

from accounts.models import User
from accounts.permissions import needs
from accounts.policy import Function
from accounts.rights import Reach
from accounts.sockets import AuthenticatedConsumer, CloseCode, Format, Later, Nothing, Pushes
from accounts.sockets.frames import encode
from accounts.sockets.methods import Handler
from accounts.sockets.system import CHANNEL as SYSTEM
from accounts.sockets.system import SystemItem
from notifications.feed import PrivateFeed, Source
from notifications.items import Standing, json_as_it_is
from notifications.send_queue import SendQueue
from notifications.standing import alerts_standing, notifications_standing
from notifications.stream import user_stream
from notifications.watch import stream_watch
from orders.api.bodies import PlaceOrderBody
from orders.entry import OrderEntry
from orders.messages import (
    CHANNELS,
    PUSHES,
    CancelAll,
    CanceledItems,
    CancelOne,
    ChannelList,
    OneChannel,
    ReplaceOne,
    Resume,
    Resumed,
    StreamHeartbeat,
    Subscribe,
    Subscribed,
    WrittenOrder,
)
from orders.snapshots import executions_standing, orders_standing, positions_standing
from orders.system_watch import system_watch
from tradingmw.errors import Code, InvalidRequest, TradingError

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0

OF_ACCOUNT: dict[str, Callable[[Reach], Sequence[Standing]]] = {
    "orders": orders_standing,
    "executions": executions_standing,
    "positions": positions_standing,
}
OF_USER: dict[str, Callable[[UUID], Sequence[Standing]]] = {
    "alerts": alerts_standing,
    "notifications": notifications_standing,
}


FUNCTIONS = {
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


class TradingConsumer(AuthenticatedConsumer):
    """`/ws/v1/trading`: your orders, executions, positions, alerts and notifications, and order entry."""

    feed: PrivateFeed | None = None
    entry: OrderEntry
    burst_messages, messages_per_second, turn_seconds = 10_000, 5_000, 0.0  #: programs place orders here
    pushes: ClassVar[dict[str, Pushes]] = PUSHES

    def __init__(self) -> None:
        super().__init__()
        self.unsent = SendQueue(super().write, self.close_slow)
        self._heart: asyncio.Task[NoReturn] | None = None
        self._system_asked = False  #: its snapshot belongs behind the answer

    # How it speaks

    async def write(self, payload: bytes) -> None:
        if not self.closing:
            self.unsent.put(payload)

    def queue(self, frame: Any) -> None:
        self.unsent.put(encode(frame, self.format))
        if self.unsent.failed and self.feed:
            self.feed.close()

    async def room(self) -> bool:
        return await self.unsent.room()

    def broken(self) -> None:
        self.unsent.fail()

    async def close_slow(self) -> None:
        await self.close(CloseCode.SLOW)

    async def flushed(self) -> None:
        await self.unsent.drained()

    async def on_answered(self) -> None:
        if self._system_asked:
            self._system_asked = False
            self._push_system("snapshot", system_watch().follow(self._on_system))
        if self.feed:
            await self.feed.answered()

    def _on_system(self, changed: Sequence[SystemItem]) -> None:
        self._push_system("update", changed)

    def _push_system(self, kind: str, items: Sequence[SystemItem]) -> None:
        self.queue({"channel": SYSTEM, "type": kind, "data": items})

    # Its life

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.unsent.stop()

    async def on_authenticated(self) -> None:
        as_data = json_as_it_is if self.format is Format.JSON else msgspec.json.decode
        address = client[0] if (client := self.scope.get("client")) else None
        self.entry = OrderEntry(self.user.id, address, lambda: self.session)
        self.feed = PrivateFeed(user_stream(self.user.id), sources_of(self.user), stream_watch(), self, as_data)
        try:
            await self.feed.open()
        except Error:
            logger.exception("A private stream could not be opened; its socket is closed and may come back.")
            await self.close(CloseCode.SLOW)
            return
        self._heart = asyncio.create_task(self._beat(self.feed), name="trading-heartbeat")

    async def on_disconnect(self) -> None:
        if self._heart:
            self._heart.cancel()
        if self.feed:
            self.feed.close()
        self._leave_system()

    async def _beat(self, feed: PrivateFeed) -> NoReturn:
        """Each second: every event of the stream up to `lastEventId` that is subscribed lies before this frame."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            item = StreamHeartbeat(feed.reached, time.time_ns() // 1_000)
            self.queue({"channel": "heartbeat", "type": "update", "data": [item]})

    # Its methods

    @property
    def _open_feed(self) -> PrivateFeed:
        if self.feed is None:
            raise TradingError("The stream is not open.")
        return self.feed

    @property
    def _followed(self) -> list[str]:
        system = [SYSTEM] if system_watch().has(self._on_system) else []
        return sorted([*self._open_feed.channels, *system])

    def _leave_system(self) -> None:
        system_watch().unfollow(self._on_system)

    async def _subscribe(self, asked: Subscribe) -> Subscribed:
        """Follow a channel: the result, then its snapshot, then what happens after."""
        self.rights.need(FUNCTIONS[known(asked.channel)])
        if asked.channel == SYSTEM:
            return await self._subscribe_system(asked.snapshot)
        return Subscribed(asked.channel, await self._open_feed.subscribe(asked.channel, snapshot=asked.snapshot))

    async def _subscribe_system(self, snapshot: bool) -> Subscribed:
        await system_watch().ready()
        self._system_asked = snapshot
        if not snapshot:
            system_watch().follow(self._on_system)
        return Subscribed(SYSTEM, self._open_feed.reached)

    async def _unsubscribe(self, asked: OneChannel) -> OneChannel:
        """Follow a channel no more."""
        if known(asked.channel) == SYSTEM:
            self._leave_system()
        self._open_feed.channels.discard(asked.channel)
        return asked

    async def _unsubscribe_all(self, _params: Nothing) -> ChannelList:
        """Follow nothing any more."""
        self._leave_system()
        self._open_feed.channels.clear()
        return ChannelList([])

    async def _subscriptions(self, _params: Nothing) -> ChannelList:
        """Which channels are followed?"""
        return ChannelList(self._followed)

    @needs(Function.EVENTS_READ)
    async def _resume(self, asked: Resume) -> Resumed:
        """Replay the events of the subscribed channels after a number that you have, or begin anew with snapshots."""
        recovered, number = await self._open_feed.resume(asked.since)
        return Resumed(recovered, number)

    @needs(Function.ORDERS_PLACE)
    async def _order_place(self, body: PlaceOrderBody) -> Later[WrittenOrder]:
        """Place an order, exactly once per clientOrderId; the same body again is answered with the order as it is."""
        return await self.entry.place(body)

    @needs(Function.ORDERS_CHANGE)
    async def _order_replace(self, asked: ReplaceOne) -> Later[WrittenOrder]:
        """Change the quantity or the prices of one of your orders."""
        return await self.entry.replace(asked)

    @needs(Function.ORDERS_CANCEL)
    async def _order_cancel(self, asked: CancelOne) -> Later[WrittenOrder]:
        """Cancel one of your orders."""
        return await self.entry.cancel(asked)

    @needs(Function.ORDERS_CANCEL)
    async def _order_cancel_all(self, asked: CancelAll) -> Later[CanceledItems]:
        """Cancel all your open orders, or those of the desk that you head, or those of some symbols."""
        return await self.entry.cancel_all(asked)

    methods: ClassVar[dict[str, Handler]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "unsubscribeAll": _unsubscribe_all,
        "subscriptions": _subscriptions,
        "resume": _resume,
        "order.place": _order_place,
        "order.replace": _order_replace,
        "order.cancel": _order_cancel,
        "order.cancelAll": _order_cancel_all,
    }


def known(channel: str) -> str:
    """`channel` itself; InvalidRequest (UNKNOWN_CHANNEL)."""
    if channel not in CHANNELS:
        raise InvalidRequest("There is no such channel on this socket.", code=Code.UNKNOWN_CHANNEL)
    return channel
