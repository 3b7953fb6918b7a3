"""What does a supervisor see of a desk? Every order, execution and position of it, as the desk's own stream tells them.

It is a stream as the private one: numbers without a hole, snapshots, resume, heartbeat, and the same bound for who does
not read. Whose desk's it may be is decided by rights; a socket follows one desk at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from msgspec import UNSET, UnsetType

from accounts.desks import desk_meant, may_follow
from accounts.rights import Rights
from notifications.items import AsData
from notifications.readers import in_reader
from notifications.stream import desk_stream
from orders.channels import sources_of_desk
from orders.followed_stream import FollowedStream
from orders.messages import DESK_PREFIX, Subscribe
from orders.positions.marking import MarkedSocket
from tradingmw.errors import Code, InvalidRequest


class DropCopy:
    """The desk's stream on one socket, once it is asked for. `rights` are those of the socket now."""

    def __init__(self, socket: MarkedSocket, as_data: AsData, rights: Callable[[], Rights]) -> None:
        self._socket, self._as_data, self._rights = socket, as_data, rights
        self._desk: UUID | None = None
        self._stream: FollowedStream | None = None

    @property
    def channels(self) -> list[str]:
        return self._stream.channels if self._stream else []

    @property
    def reached(self) -> int | UnsetType:
        return self._stream.reached if self._stream else UNSET

    async def subscribe(self, asked: Subscribe) -> int:
        """Forbidden, NotFound; InvalidRequest (INVALID_PARAMS) while another desk is followed."""
        desk = await in_reader(desk_meant)(self._rights(), asked.desk)
        if desk != self._desk:
            await self._turn_to(desk)
        assert self._stream is not None  # noqa: S101 - `_turn_to` opened it
        return await self._stream.subscribe(asked.channel, snapshot=asked.snapshot)

    async def _turn_to(self, desk: UUID) -> None:
        if self.channels:
            raise InvalidRequest("This socket follows another desk: leave that first.", code=Code.INVALID_PARAMS)
        self.close()
        stream = FollowedStream(
            desk_stream(desk), sources_of_desk(desk), self._socket, self._as_data, self._rights, DESK_PREFIX
        )
        await stream.open()
        self._desk, self._stream = desk, stream

    async def resume(self, since: int) -> tuple[bool, int]:
        if self._stream is None:
            raise InvalidRequest("No desk is followed on this socket.", code=Code.INVALID_PARAMS)
        return await self._stream.resume(since)

    def leave(self, channel: str) -> None:
        if self._stream:
            self._stream.leave(channel)

    def narrow(self) -> None:
        """The rights are others now."""
        if self._desk and not may_follow(self._rights(), self._desk):
            self.close()

    async def answered(self) -> None:
        if self._stream:
            await self._stream.answered()

    def close(self) -> None:
        if self._stream:
            self._stream.close()
        self._desk = self._stream = None
