"""What happens on the trading socket? The private stream is subscribed, resumed and pushed; orders are placed.

Every payload goes through one queue, answers too, so that nothing overtakes anything: result, then snapshot or replay,
then updates. A client that does not keep up is closed with 4008 and resumes. Orders wait for the order bridge without
holding up the socket.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar, NoReturn

import msgspec
from django.db import Error

from accounts.models import Session
from accounts.permissions import needs
from accounts.policy import Function
from accounts.sockets import AuthenticatedConsumer, Budgeted, CloseCode, Format, Later, Nothing, Pushes
from accounts.sockets.frames import encode
from accounts.sockets.methods import Handler
from accounts.sockets.system import RECONNECT_MS_MAX
from marketdata.raw_frames import BINARY_OPCODE, EXTENSION, TEXT_OPCODE, FrameWriter
from notifications.items import json_as_it_is
from notifications.send_queue import ROOM_BYTES, SendQueue
from orders.api.bodies import PlaceOrderBody
from orders.attendance import attendance
from orders.entry import OrderEntry
from orders.groups.bodies import ClosePositionsBody, PlaceBasketBody, PlaceGroupBody
from orders.messages import (
    PUSHES,
    CancelAll,
    CanceledItems,
    CancelOne,
    ChannelList,
    OneChannel,
    PlacedItems,
    ReplaceOne,
    Resume,
    Resumed,
    Subscribe,
    Subscribed,
    WrittenOrder,
    WrittenOrderGroup,
)
from orders.safeguarding import CancelAfterBody, CancelAfterSet, CancelOnDisconnect, CancelOnDisconnectSet
from orders.subscriptions import Subscriptions
from tradingmw.errors import TradingError

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0


class TradingConsumer(AuthenticatedConsumer):
    """`/ws/v1/trading`: your orders, executions, positions, alerts and notifications, the desk's, and order entry.

    Events are numbered by stream: your own, and on the channels `desk.…` that of a desk, which its head and compliance
    may follow, one desk a socket; `resume` names the stream. Pushes of `positions` without an `eventId` are marks: the
    position at the market's price, and how good that price is.
    """

    following: Subscriptions | None = None
    entry: OrderEntry
    burst_messages, messages_per_second, turn_seconds = 10_000, 5_000, 0.0  #: programs place orders here
    pushes: ClassVar[dict[str, Pushes]] = PUSHES

    def __init__(self) -> None:
        super().__init__()
        self.unsent = SendQueue(super().write, self.close_slow, self._write_now)
        self._frames: FrameWriter | None = None
        self._heart: asyncio.Task[NoReturn] | None = None

    # How it speaks

    async def write(self, payload: bytes) -> None:
        if not self.closing:
            self.unsent.put(payload)

    def _write_now(self, payload: bytes) -> bool:
        opcode = TEXT_OPCODE if self.format is Format.JSON else BINARY_OPCODE
        return not self.closing and self._frames is not None and self._frames.write_message(opcode, payload)

    def queue(self, frame: Any) -> None:
        self.unsent.put(encode(frame, self.format))
        if self.unsent.failed and self.following:
            self.following.close()

    async def room(self) -> bool:
        return await self.unsent.room()

    @property
    def has_room(self) -> bool:
        return self.unsent.pending_bytes <= ROOM_BYTES

    def broken(self) -> None:
        self.unsent.fail()

    async def close_slow(self) -> None:
        await self.close(CloseCode.SLOW)

    async def flushed(self) -> None:
        await self.unsent.drained()

    async def on_answered(self) -> None:
        if self.following:
            await self.following.answered()

    # Its life

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.unsent.stop()

    async def on_authenticated(self) -> None:
        as_data = json_as_it_is if self.format is Format.JSON else msgspec.json.decode
        address = client[0] if (client := self.scope.get("client")) else None
        self._frames = self.scope.get("extensions", {}).get(EXTENSION)
        self.entry = OrderEntry(self.user.id, address, lambda: self.session)
        self.following = Subscriptions(self.user, self, as_data, lambda: self.rights)
        try:
            await self.following.open()
        except Error:
            logger.exception("A private stream could not be opened; its socket is closed and may come back.")
            await self.close(CloseCode.SLOW)
            return
        attendance().join(self.session.id, self)
        self._heart = asyncio.create_task(self._beat(self.following), name="trading-heartbeat")

    def _go_on_as(self, session: Session) -> None:
        super()._go_on_as(session)
        if self.following:
            self.following.narrow()
            attendance().join(session.id, self)

    async def shut_down(self) -> None:
        attendance().leave(self, back_us=RECONNECT_MS_MAX * 1_000)
        await super().shut_down()

    async def on_disconnect(self) -> None:
        attendance().leave(self)
        if self._heart:
            self._heart.cancel()
        if self.following:
            self.following.close()

    async def _beat(self, following: Subscriptions) -> NoReturn:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            following.beat()

    # Its methods

    @property
    def _following(self) -> Subscriptions:
        if self.following is None:
            raise TradingError("The stream is not open.")
        return self.following

    async def _subscribe(self, asked: Subscribe) -> Subscribed:
        """Follow a channel: the result, then its snapshot, then what happens after."""
        return await self._following.subscribe(asked)

    async def _unsubscribe(self, asked: OneChannel) -> OneChannel:
        """Follow a channel no more."""
        self._following.unsubscribe(asked.channel)
        return asked

    async def _unsubscribe_all(self, _params: Nothing) -> ChannelList:
        """Follow nothing any more."""
        self._following.unsubscribe_all()
        return ChannelList([])

    async def _subscriptions(self, _params: Nothing) -> ChannelList:
        """Which channels are followed?"""
        return ChannelList(self._following.followed)

    @needs(Function.EVENTS_READ)
    async def _resume(self, asked: Resume) -> Resumed:
        """Replay the events of the subscribed channels after a number that you have, or begin anew with snapshots."""
        return await self._following.resume(asked)

    @needs(Function.ORDERS_PLACE)
    async def _order_place(self, body: PlaceOrderBody) -> Later[Budgeted[WrittenOrder]]:
        """Place an order, exactly once per clientOrderId; the same body again is answered with the order as it is."""
        return await self.entry.place(body)

    @needs(Function.ORDERS_PLACE)
    async def _order_place_group(self, body: PlaceGroupBody) -> Later[Budgeted[WrittenOrderGroup]]:
        """Place orders that depend on each other, all of them or none."""
        return await self.entry.place_group(body)

    @needs(Function.ORDERS_PLACE)
    async def _order_place_basket(self, body: PlaceBasketBody) -> Later[Budgeted[PlacedItems]]:
        """Place up to 100 orders, each decided by itself."""
        return await self.entry.place_basket(body)

    @needs(Function.ORDERS_PLACE)
    async def _position_close(self, body: ClosePositionsBody) -> Later[Budgeted[PlacedItems]]:
        """Close your positions at market; open orders in their symbols are cancelled first."""
        return await self.entry.close(body)

    @needs(Function.ORDERS_CHANGE)
    async def _order_replace(self, asked: ReplaceOne) -> Later[Budgeted[WrittenOrder]]:
        """Change the quantity or the prices of one of your orders."""
        return await self.entry.replace(asked)

    @needs(Function.ORDERS_CANCEL)
    async def _order_cancel(self, asked: CancelOne) -> Later[Budgeted[WrittenOrder]]:
        """Cancel one of your orders."""
        return await self.entry.cancel(asked)

    @needs(Function.ORDERS_CANCEL)
    async def _order_cancel_all(self, asked: CancelAll) -> Later[Budgeted[CanceledItems]]:
        """Cancel all your open orders, or those of the desk that you head, or those of some symbols."""
        return await self.entry.cancel_all(asked)

    @needs(Function.ORDERS_CANCEL)
    async def _cancel_on_disconnect(self, asked: CancelOnDisconnect) -> Later[Budgeted[CancelOnDisconnectSet]]:
        """Have this session's orders cancelled once it has no trading socket any more, unless you logged out."""
        return await self.entry.guard(asked)

    @needs(Function.ORDERS_CANCEL)
    async def _cancel_after(self, asked: CancelAfterBody) -> Later[Budgeted[CancelAfterSet]]:
        """Have all open orders of your account cancelled in so many seconds, unless you ask again before."""
        return await self.entry.cancel_after(asked)

    methods: ClassVar[dict[str, Handler]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "unsubscribeAll": _unsubscribe_all,
        "subscriptions": _subscriptions,
        "resume": _resume,
        "order.place": _order_place,
        "order.placeGroup": _order_place_group,
        "order.placeBasket": _order_place_basket,
        "position.close": _position_close,
        "order.replace": _order_replace,
        "order.cancel": _order_cancel,
        "order.cancelAll": _order_cancel_all,
        "cancelOnDisconnect": _cancel_on_disconnect,
        "cancelAfter": _cancel_after,
    }
