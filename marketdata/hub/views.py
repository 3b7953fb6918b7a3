"""What does one kind of subscription see of a symbol, and what must a socket that stands at some number be sent?

A topic is a symbol on a channel with its full state, and itself the plain view of it. Other views (the best levels of
a book, chosen or changed fields of a quote) are made once for all sockets that want the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar, NamedTuple

from msgspec import UNSET, UnsetType

from marketdata.hub.options import Options
from marketdata.items import Channel, Item, to_json, to_msgpack

Sinks = dict[Hashable, Callable[[bytes], Any]]


class CatchUp(NamedTuple):
    """What brings a socket up to date: the push's type and its items; `lost` trades could not be kept for it."""

    kind: str
    items: list[Item]
    lost: int = 0


class Moment(NamedTuple):
    """When and under which feed a state is read."""

    now_us: int
    live: bool


def skipped(seq: int, sent: int) -> int | UnsetType:
    """How many numbers lie between; absent for none."""
    return seq - sent - 1 if seq - sent > 1 else UNSET


class View:
    """`seq` is the number it published last, `flushed` the one that was last when the hub flushed.

    The sinks are where its bytes go at each update, by format. `users` counts the sockets that follow it, now or when
    they keep up again.
    """

    channel: ClassVar[Channel]
    __slots__ = ("flushed", "json_sinks", "msgpack_sinks", "seq", "symbol", "users")

    def __init__(self, symbol: str, seq: int) -> None:
        self.symbol, self.seq, self.flushed = symbol, seq, seq
        self.json_sinks: Sinks = {}
        self.msgpack_sinks: Sinks = {}
        self.users = 0

    def settle(self, moment: Moment) -> None:
        """Publishes the topic's newest number, where this view has not: before somebody joins who may know it."""

    def snapshot(self, sent: int, moment: Moment) -> Item:
        """The whole state, for a socket that was last sent number `sent` (0: nothing)."""
        raise NotImplementedError

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        """What stands for all updates after number `sent`."""
        raise NotImplementedError

    def publish(self, item: Item) -> None:
        """Encodes `item` for the formats that somebody wants."""
        self.seq = item.seq
        if self.json_sinks:
            json = to_json(item)
            for append in self.json_sinks.values():
                append(json)
        if self.msgpack_sinks:
            packed = to_msgpack(item)
            for append in self.msgpack_sinks.values():
                append(packed)


class Topic(View):
    """A symbol on a channel: its full state, and by option the views that are made of it (`derived`)."""

    __slots__ = ("derived",)

    def __init__(self, symbol: str, seq: int) -> None:
        super().__init__(symbol, seq)
        self.derived: dict[Any, View] = {}

    def note(self, seq: int, packed: bytes) -> None:
        """Takes an update into the state, and tells the derived views."""
        raise NotImplementedError

    def renew(self, packed: bytes) -> None:
        """Takes a snapshot item of the same epoch, which stands for the updates that were missed."""
        raise NotImplementedError

    def view(self, options: Options) -> View:
        """The view that such a subscription follows."""
        return self

    def release(self, view: View) -> None:
        """Nobody follows `view` any more."""
        self.derived = {key: one for key, one in self.derived.items() if one is not view}
