"""What else can a `StreamWatch` read and hear? A log in memory that can fail, a silent layer, one that breaks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from notifications.models import StreamEvent
from tests.notifications.streams import AT


class LogInMemory:
    """A log whose next reads can be made to fail, and whose rows can be lost."""

    def __init__(self) -> None:
        self.events: defaultdict[str, list[StreamEvent]] = defaultdict(list)
        self.counters: defaultdict[str, int] = defaultdict(int)
        self.reads: list[tuple[str, int]] = []  #: (stream, since) of each
        self.counted = 0
        self.failures = 0  #: how many of the next reads fail

    def grow(self, stream: str, count: int = 1, channel: str = "orders") -> None:
        for _ in range(count):
            self.counters[stream] += 1
            number = self.counters[stream]
            self.events[stream].append(
                StreamEvent(
                    stream=stream, number=number, channel=channel, kind="order_accepted", data="{}", created_at=AT
                )
            )

    def lose(self, stream: str, number: int) -> None:
        self.events[stream] = [event for event in self.events[stream] if event.number != number]

    async def last_numbers(self, streams: Sequence[str]) -> Mapping[str, int]:
        await self._answer()
        self.counted += 1
        return {stream: self.counters[stream] for stream in streams}

    async def read(self, stream: str, since: int, limit: int) -> Sequence[StreamEvent]:
        await self._answer()
        self.reads.append((stream, since))
        return [event for event in self.events[stream] if event.number > since][:limit]

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")


class SilentLayer:
    """A channel layer on which nothing ever arrives."""

    async def new_channel(self) -> str:
        return "specific.silent!"

    async def group_add(self, group: str, channel: str) -> None:
        """Joined, in vain."""

    async def group_discard(self, group: str, channel: str) -> None:
        """Left."""

    async def receive(self, _channel: str) -> Any:
        await asyncio.Event().wait()


class BrokenLayer(SilentLayer):
    """A channel layer that cannot be joined."""

    async def group_add(self, group: str, channel: str) -> None:
        raise ConnectionError("the layer is away")


class Listener:
    """A follower that keeps what it is handed."""

    is_idle = False

    def __init__(self, stream: str, cursor: int = 0) -> None:
        self.stream = stream
        self.cursor = cursor
        self.numbers: list[int] = []
        self.was_lost = False

    def hand(self, events: Sequence[StreamEvent]) -> None:
        self.numbers += [event.number for event in events]
        self.cursor = events[-1].number

    def pass_by(self, number: int) -> None:
        self.cursor = number

    def lost(self) -> None:
        self.was_lost = True


class FailingListener(Listener):
    def hand(self, events: Sequence[StreamEvent]) -> None:
        raise ValueError("this follower cannot take events")
