"""How do a flush's updates leave the feed bridge? As numbered frames, one shard at a time, into the channel layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from marketdata.feed.market import Updates
from marketdata.frames import FRAME_BYTES, MESSAGE_TYPE, UPDATES_PER_FRAME, FeedState, Frame, encode, group


class Publisher(Protocol):
    """What is needed of `LayerPublisher`: it never blocks, and counts what it drops (hubs see the missing number)."""

    def group_send(self, group: str, message: dict[str, Any]) -> bool: ...


class Publication:
    """The frames of one epoch after another. `numbers`: the last frame of each shard; 0 for none."""

    def __init__(self, publisher: Publisher) -> None:
        self.epoch = 0
        self.numbers: dict[str, int] = {}
        self.frames = self.updates = 0
        self._publisher = publisher

    def begin(self, epoch: int, shards: Iterable[str]) -> None:
        """A new epoch: all of its numbers begin again."""
        self.epoch = epoch
        self.numbers = dict.fromkeys(shards, 0)

    def publish(self, shard: str, updates: Updates, now_us: int, state: FeedState, age_ms: int) -> None:
        """Sends `updates` in order: one frame, or several where they are too many for one."""
        for portion in portions(updates):
            self.numbers[shard] += 1
            self._send(Frame(self.epoch, shard, self.numbers[shard], now_us, state, age_ms, portion))
        self.updates += len(updates) // 4

    def heartbeat(self, now_us: int, state: FeedState, age_ms: int) -> None:
        """Tells every shard's hubs the feed's state, and with the last number whether they missed a frame."""
        for shard, number in self.numbers.items():
            self._send(Frame(self.epoch, shard, number, now_us, state, age_ms, []))

    def _send(self, frame: Frame) -> None:
        self.frames += 1
        self._publisher.group_send(group(frame.shard), {"type": MESSAGE_TYPE, "body": encode(frame)})


def portions(updates: Updates) -> Iterator[Updates]:
    """`updates` in pieces of bounded number and size."""
    start = size = 0
    for end in range(4, len(updates) + 4, 4):
        size += len(updates[end - 2]) + len(updates[end - 1])
        if size >= FRAME_BYTES or end - start >= 4 * UPDATES_PER_FRAME or end == len(updates):
            yield updates[start:end]
            start, size = end, 0
