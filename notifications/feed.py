"""What does one socket see of its user's private stream?

A `PrivateFeed` stands at one number, `cursor`, for all its channels: every event of theirs up to it is in the queue,
in order. It follows the stream through the process's `StreamWatch`. To subscribe or resume it steps aside, brings
itself to the number of the snapshot from the log, and goes on from there once the result has been sent: so a client
reads the result, then snapshot or replay, then what happens after, and the chain of `prevEventId` never breaks. Events
of channels that are not subscribed only move the cursor.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

from notifications import stream as stream_log
from notifications.items import AsData, PrivateItem, Standing, event_item, snapshot_item
from notifications.models import StreamEvent
from notifications.readers import in_reader
from notifications.snapshots import read_at_one_number
from notifications.watch import PAGE, StreamWatch, unbroken

logger = logging.getLogger(__name__)
#: A client that is further behind is better served by snapshots: the replay would be larger than they are.
REPLAY_MAX = 10_000

Source = Callable[[], Sequence[Standing]]
Snapshots = dict[str, Sequence[Standing]]


class StreamBroken(Exception):
    """The log does not go on where the socket stands."""


class Socket(Protocol):
    """The socket that the feed speaks through."""

    def queue(self, frame: Any) -> None:
        """Encode and put behind what waits to be sent."""

    async def room(self) -> bool:
        """Wait until the client has read most of it; False: it is gone."""

    def broken(self) -> None:
        """Close: the client must come back and resume."""


class PrivateFeed:
    """`sources` has a blocking reader of the snapshot per channel."""

    def __init__(
        self, stream: str, sources: Mapping[str, Source], watch: StreamWatch, socket: Socket, as_data: AsData
    ) -> None:
        self.stream = stream
        self.channels: set[str] = set()
        self.cursor = 0  #: what it has been handed, or where it is about to begin
        self.reached = 0  #: everything up to here that is subscribed has been queued, snapshots included
        self._previous = 0  #: the eventId last delivered here, or the number subscribed or resumed at
        self._sources = sources
        self._watch = watch
        self._as_data = as_data
        self._socket = socket
        self._after_result: Callable[[], Awaitable[None]] | None = None
        self._aside = False
        self._closed = False

    # As a follower

    @property
    def is_idle(self) -> bool:
        return not self.channels

    def pass_by(self, number: int) -> None:
        self.cursor = self.reached = number

    def hand(self, events: Sequence[StreamEvent]) -> None:
        for channel, run in groupby((e for e in events if e.channel in self.channels), attrgetter("channel")):
            self._socket.queue({"channel": channel, "type": "update", "data": [self._item(event) for event in run]})
        self.cursor = self.reached = events[-1].number

    def _item(self, event: StreamEvent) -> PrivateItem:
        item = event_item(event, self._previous, self._as_data)
        self._previous = event.number
        return item

    def lost(self) -> None:
        self._socket.broken()

    # The life of the socket

    async def open(self) -> None:
        """Stand at the end of the stream, with no channel."""
        self._stand_at(await in_reader(stream_log.last_number)(self.stream))
        self.reached = self.cursor
        self._watch.follow(self)

    def close(self) -> None:
        self._closed = True
        self._watch.unfollow(self)

    async def answered(self) -> None:
        """The result (or the refusal) of a request is in the send queue: send what belongs behind it, and go on."""
        after, self._after_result = self._after_result, None
        if not self._aside or self._closed:
            return
        try:
            if after:
                await after()
        except Exception:
            logger.exception("A replay broke off; its socket is closed.", extra={"stream": self.stream})
            self._socket.broken()
        else:
            self._aside = False
            self.reached = self.cursor
            self._watch.follow(self)

    # What a client asks

    async def subscribe(self, channel: str, *, snapshot: bool) -> int:
        """The number at which `channel` begins; its snapshot follows the result."""
        self._step_aside()
        number, snapshots = await self._read([channel] if snapshot else [])
        await self._replay_until(number)
        self.channels.add(channel)
        self._stand_at(number)
        self._after_result = partial(self._push_snapshots, snapshots)
        return number

    async def resume(self, since: int) -> tuple[bool, int]:
        """`(recovered, number)`: the events between follow the result; or, not recovered, the snapshots at `number`."""
        self._step_aside()
        last = await in_reader(stream_log.last_number)(self.stream)
        if await in_reader(replayable)(self.stream, since, last):
            self._stand_at(since)
            self._after_result = partial(self._replay_until, last)
            return True, last
        number, snapshots = await self._read(sorted(self.channels))
        self._stand_at(number)
        self._after_result = partial(self._push_snapshots, snapshots)
        return False, number

    def _step_aside(self) -> None:
        self._aside = True
        self._watch.unfollow(self)

    def _stand_at(self, number: int) -> None:
        self.cursor = self._previous = number

    async def _read(self, channels: Collection[str]) -> tuple[int, Snapshots]:
        def read() -> Snapshots:
            return {channel: self._sources[channel]() for channel in channels}

        return await in_reader(read_at_one_number)(self.stream, read)

    async def _push_snapshots(self, snapshots: Snapshots) -> None:
        for channel, standings in snapshots.items():
            if not await self._socket.room():
                return
            items = [snapshot_item(standing, self.cursor) for standing in standings]
            self._socket.queue({"channel": channel, "type": "snapshot", "data": items})

    async def _replay_until(self, number: int) -> None:
        """Hand over the events up to `number` from the log, no faster than the client reads; StreamBroken."""
        if not self.channels:
            self.cursor = number
        while self.cursor < number and await self._socket.room():
            page = min(PAGE, number - self.cursor)
            run = unbroken(self.cursor, await in_reader(stream_log.read)(self.stream, self.cursor, page))
            if not run:
                raise StreamBroken(f"{self.stream} does not go on after {self.cursor}")
            self.hand(run)


def replayable(stream: str, since: int, last: int) -> bool:
    """Is every event after `since` still in the log, and are they few enough?"""
    if since == last:
        return True
    return 0 <= since < last <= since + REPLAY_MAX and bool(unbroken(since, stream_log.read(stream, since, 1)))
