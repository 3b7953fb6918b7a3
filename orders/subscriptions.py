"""What does one trading socket follow? Channels of its user's stream, of a desk's, and how the system is.

Each stream has numbers of its own. What a socket says of them goes through its queue: a result first, then what belongs
behind it (`answered`). What is not allowed any more is left at once (`narrow`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from accounts.models import User
from accounts.rights import Rights
from accounts.sockets.system import CHANNEL as SYSTEM
from accounts.sockets.system import SystemItem
from notifications.items import AsData
from notifications.stream import user_stream
from orders.channels import FUNCTIONS, known, sources_of
from orders.drop_copy import DropCopy
from orders.followed_stream import FollowedStream
from orders.messages import DESK_CHANNELS, Resume, Resumed, StreamHeartbeat, Subscribe, Subscribed
from orders.positions.marking import MarkedSocket
from orders.system_watch import system_watch
from tradingmw.errors import Code, InvalidRequest


class Subscriptions:
    """Belongs to one socket and its loop. `as_data` is how an event's JSON enters a frame of its format.

    `rights` are those of the socket now.
    """

    def __init__(self, user: User, socket: MarkedSocket, as_data: AsData, rights: Callable[[], Rights]) -> None:
        self._socket, self._rights = socket, rights
        self._own = FollowedStream(user_stream(user.id), sources_of(user), socket, as_data, rights)
        self._desk = DropCopy(socket, as_data, rights)
        self._user, self._of_desk = user.id, user.desk_id
        self._system_asked = False  #: its snapshot belongs behind the answer

    async def open(self) -> None:
        """At the end of the user's stream, with no channel."""
        await self._own.open()

    def close(self) -> None:
        self._own.close()
        self._desk.close()
        self._leave_system()

    def narrow(self) -> None:
        """The socket goes on with other rights: what they do not cover is not followed any more."""
        for channel in self.followed:
            if channel not in DESK_CHANNELS and FUNCTIONS[channel] not in self._rights().functions:
                self.unsubscribe(channel)
        self._desk.narrow()

    async def answered(self) -> None:
        """The result of a request is in the queue."""
        if self._system_asked:
            self._system_asked = False
            self._push_system("snapshot", system_watch().follow(self._on_system))
        await self._own.answered()
        await self._desk.answered()

    def beat(self) -> None:
        """Every event that is subscribed, up to the numbers that it names, lies before this frame."""
        item = StreamHeartbeat(self._own.reached, time.time_ns() // 1_000, self._desk.reached)
        self._socket.queue({"channel": "heartbeat", "type": "update", "data": [item]})

    # What a client asks

    @property
    def followed(self) -> list[str]:
        system = [SYSTEM] if system_watch().has(self._on_system) else []
        return sorted([*self._own.channels, *self._desk.channels, *system])

    async def subscribe(self, asked: Subscribe) -> Subscribed:
        """Forbidden, NotFound (a desk), InvalidRequest (UNKNOWN_CHANNEL, INVALID_PARAMS)."""
        if known(asked.channel) in DESK_CHANNELS:
            return Subscribed(asked.channel, await self._desk.subscribe(asked))
        self._rights().need(FUNCTIONS[asked.channel])
        if asked.desk is not None:
            raise InvalidRequest("Only the channels desk.… are a desk's.", code=Code.INVALID_PARAMS)
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
        elif channel in DESK_CHANNELS:
            self._desk.leave(channel)
        else:
            self._own.leave(channel)

    def unsubscribe_all(self) -> None:
        for channel in self.followed:
            self.unsubscribe(channel)

    async def resume(self, asked: Resume) -> Resumed:
        """InvalidRequest (INVALID_PARAMS) for a desk's stream where none is followed."""
        resumed = self._desk.resume(asked.since) if asked.stream == "desk" else self._own.resume(asked.since)
        return Resumed(*await resumed)

    # How the system is

    def _leave_system(self) -> None:
        system_watch().unfollow(self._on_system)

    def _on_system(self, changed: Sequence[SystemItem]) -> None:
        self._push_system("update", changed)

    def _concerns(self, item: SystemItem) -> bool:
        return system_watch().concerns(item, self._user, self._of_desk)

    def _push_system(self, kind: str, items: Sequence[SystemItem]) -> None:
        if (told := [item for item in items if self._concerns(item)]) or kind == "snapshot":
            self._socket.queue({"channel": SYSTEM, "type": kind, "data": told})
