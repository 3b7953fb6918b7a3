"""What does one trading socket follow? Channels of its user's stream, and how the system is.

What it says of them goes through the socket's queue: a result first, then what belongs behind it (`answered`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from accounts.models import User
from accounts.rights import Rights
from accounts.sockets.system import CHANNEL as SYSTEM
from accounts.sockets.system import SystemItem
from notifications.feed import PrivateFeed, Socket
from notifications.items import AsData
from notifications.stream import user_stream
from notifications.watch import stream_watch
from orders.channels import FUNCTIONS, known, sources_of
from orders.messages import Resume, Resumed, StreamHeartbeat, Subscribe, Subscribed
from orders.system_watch import system_watch


class Subscriptions:
    """Belongs to one socket and its loop. `as_data` is how an event's JSON enters a frame of its format."""

    def __init__(self, user: User, socket: Socket, as_data: AsData) -> None:
        self._socket = socket
        self._own = PrivateFeed(user_stream(user.id), sources_of(user), stream_watch(), socket, as_data)
        self._system_asked = False  #: its snapshot belongs behind the answer

    async def open(self) -> None:
        """At the end of the user's stream, with no channel."""
        await self._own.open()

    def close(self) -> None:
        self._own.close()
        self._leave_system()

    async def answered(self) -> None:
        """The result of a request is in the queue."""
        if self._system_asked:
            self._system_asked = False
            self._push_system("snapshot", system_watch().follow(self._on_system))
        await self._own.answered()

    def beat(self) -> None:
        """Every event that is subscribed, up to the number that it names, lies before this frame."""
        item = StreamHeartbeat(self._own.reached, time.time_ns() // 1_000)
        self._socket.queue({"channel": "heartbeat", "type": "update", "data": [item]})

    # What a client asks

    @property
    def followed(self) -> list[str]:
        system = [SYSTEM] if system_watch().has(self._on_system) else []
        return sorted([*self._own.channels, *system])

    async def subscribe(self, asked: Subscribe, rights: Rights) -> Subscribed:
        rights.need(FUNCTIONS[known(asked.channel)])
        if asked.channel == SYSTEM:
            return await self._subscribe_system(asked.snapshot)
        return Subscribed(asked.channel, await self._own.subscribe(asked.channel, snapshot=asked.snapshot))

    async def _subscribe_system(self, snapshot: bool) -> Subscribed:
        await system_watch().ready()
        self._system_asked = snapshot
        if not snapshot:
            system_watch().follow(self._on_system)
        return Subscribed(SYSTEM, self._own.reached)

    def unsubscribe(self, channel: str) -> None:
        if known(channel) == SYSTEM:
            self._leave_system()
        self._own.channels.discard(channel)

    def unsubscribe_all(self) -> None:
        self._leave_system()
        self._own.channels.clear()

    async def resume(self, asked: Resume) -> Resumed:
        recovered, number = await self._own.resume(asked.since)
        return Resumed(recovered, number)

    # How the system is

    def _leave_system(self) -> None:
        system_watch().unfollow(self._on_system)

    def _on_system(self, changed: Sequence[SystemItem]) -> None:
        self._push_system("update", changed)

    def _push_system(self, kind: str, items: Sequence[SystemItem]) -> None:
        self._socket.queue({"channel": SYSTEM, "type": kind, "data": items})
