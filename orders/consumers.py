"""What happens on the trading socket? Channels of the private stream are subscribed, resumed and pushed, in order.

Every payload goes through one queue, answers too, so that nothing overtakes anything: result, then snapshot or replay,
then updates. A client that does not keep up is closed with 4008 and resumes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import Annotated, Any, ClassVar, NoReturn

import msgspec
from django.db import DatabaseError
from msgspec import Meta, Struct

from accounts.sockets import AuthenticatedConsumer, CloseCode, Format
from accounts.sockets.consumer import Handler
from accounts.sockets.frames import encode
from notifications.feed import PrivateFeed, Source
from notifications.items import json_as_it_is
from notifications.send_queue import SendQueue
from notifications.stream import user_stream
from notifications.watch import stream_watch
from orders.snapshots import executions_standing, orders_standing, positions_standing
from tradingmw.errors import Code, InvalidRequest, TradingError

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0
SOURCES = {"orders": orders_standing, "executions": executions_standing, "positions": positions_standing}


class Subscribe(Struct, frozen=True):
    channel: str
    snapshot: bool = True


class Unsubscribe(Struct, frozen=True):
    channel: str


class Resume(Struct, frozen=True):
    since: Annotated[int, Meta(ge=0)]


class TradingConsumer(AuthenticatedConsumer):
    """`/ws/v1/trading`"""

    feed: PrivateFeed | None = None

    def __init__(self) -> None:
        super().__init__()
        self.unsent = SendQueue(super().write, self.close_slow)
        self._heart: asyncio.Task[NoReturn] | None = None

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

    async def reply(self, request_id: int | str | None, result: Any) -> None:
        await super().reply(request_id, result)
        await self._go_on()

    async def refuse(self, request_id: int | str | None, error: TradingError) -> None:
        await super().refuse(request_id, error)
        await self._go_on()

    async def _go_on(self) -> None:
        if self.feed:
            await self.feed.answered()

    # Its life

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.unsent.stop()

    async def on_authenticated(self) -> None:
        as_data = json_as_it_is if self.format is Format.JSON else msgspec.json.decode
        sources: dict[str, Source] = {name: partial(read, self.user.account_id) for name, read in SOURCES.items()}
        self.feed = PrivateFeed(user_stream(self.user.id), sources, stream_watch(), self, as_data)
        try:
            await self.feed.open()
        except DatabaseError:
            logger.exception("A private stream could not be opened; its socket is closed and may come back.")
            await self.close(CloseCode.SLOW)
            return
        self._heart = asyncio.create_task(self._beat(self.feed), name="trading-heartbeat")

    async def on_disconnect(self) -> None:
        if self._heart:
            self._heart.cancel()
        if self.feed:
            self.feed.close()

    async def _beat(self, feed: PrivateFeed) -> NoReturn:
        """Each second: every event of the stream up to `lastEventId` that is subscribed lies before this frame."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            item = {"lastEventId": feed.reached, "ts": time.time_ns() // 1_000}
            self.queue({"channel": "heartbeat", "type": "update", "data": [item]})

    # Its methods

    @property
    def _open_feed(self) -> PrivateFeed:
        if self.feed is None:
            raise TradingError("The stream is not open.")
        return self.feed

    async def _subscribe(self, params: dict[str, Any]) -> dict[str, Any]:
        asked = msgspec.convert(params, Subscribe)
        number = await self._open_feed.subscribe(known(asked.channel), snapshot=asked.snapshot)
        return {"channel": asked.channel, "lastEventId": number}

    async def _unsubscribe(self, params: dict[str, Any]) -> dict[str, Any]:
        channel = known(msgspec.convert(params, Unsubscribe).channel)
        self._open_feed.channels.discard(channel)
        return {"channel": channel}

    async def _unsubscribe_all(self, _params: dict[str, Any]) -> dict[str, Any]:
        self._open_feed.channels.clear()
        return {"channels": []}

    async def _subscriptions(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"channels": sorted(self._open_feed.channels)}

    async def _resume(self, params: dict[str, Any]) -> dict[str, Any]:
        recovered, number = await self._open_feed.resume(msgspec.convert(params, Resume).since)
        return {"recovered": recovered, "lastEventId": number}

    methods: ClassVar[dict[str, Handler]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "unsubscribeAll": _unsubscribe_all,
        "subscriptions": _subscriptions,
        "resume": _resume,
    }


def known(channel: str) -> str:
    """`channel` itself; InvalidRequest (UNKNOWN_CHANNEL)."""
    if channel not in SOURCES:
        raise InvalidRequest("There is no such channel on this socket.", code=Code.UNKNOWN_CHANNEL)
    return channel
