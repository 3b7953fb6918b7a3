"""How do a flush's updates leave the feed bridge? As numbered frames, one shard at a time, into the channel layer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from operator import add
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
    sizes = list(accumulate(map(add, map(len, updates[2::4]), map(len, updates[3::4]))))  #: up to and with each update
    start = 0
    while start < len(sizes):
        full_at = FRAME_BYTES + (sizes[start - 1] if start else 0)
        end = min(bisect_left(sizes, full_at) + 1, start + UPDATES_PER_FRAME, len(sizes))
        yield updates[4 * start : 4 * end]
        start = end
