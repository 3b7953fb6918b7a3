"""How does a socket follow one stream, with live marks on its positions?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from accounts.rights import Rights
from notifications.feed import PrivateFeed, Source
from notifications.items import AsData
from notifications.readers import in_reader
from notifications.watch import stream_watch
from orders.positions.marking import POSITIONS, MarkedLine, MarkedSocket, mark_watch


class FollowedStream:
    """A stream with its own numbers, on channels that the socket calls `prefix` and their name."""

    def __init__(
        self,
        stream: str,
        sources: Mapping[str, Source],
        socket: MarkedSocket,
        as_data: AsData,
        rights: Callable[[], Rights],
        prefix: str = "",
    ) -> None:
        self._sources, self._prefix = sources, prefix
        self._line = MarkedLine(socket, prefix, rights, mark_watch())
        self._feed = PrivateFeed(stream, sources, stream_watch(), self._line, as_data)

    @property
    def channels(self) -> list[str]:
        return [self._prefix + channel for channel in self._feed.channels]

    @property
    def reached(self) -> int:
        return self._feed.reached

    async def open(self) -> None:
        await self._feed.open()

    def close(self) -> None:
        self._feed.close()
        self._line.close()

    async def answered(self) -> None:
        await self._feed.answered()

    async def subscribe(self, channel: str, *, snapshot: bool) -> int:
        """The number at which `channel` begins; its snapshot follows the result."""
        name = channel.removeprefix(self._prefix)
        number = await self._feed.subscribe(name, snapshot=snapshot)
        if name == POSITIONS and not snapshot:
            self._line.begin(await in_reader(self._sources[POSITIONS])())
        return number

    def leave(self, channel: str) -> None:
        name = channel.removeprefix(self._prefix)
        self._feed.channels.discard(name)
        if name == POSITIONS:
            self._line.end()

    async def resume(self, since: int) -> tuple[bool, int]:
        return await self._feed.resume(since)
