"""Who is sent what? Sockets that see the same of a channel form a group and share the bytes of each message."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from marketdata.hub.options import Options
from marketdata.hub.pushes import ENVELOPES, JSON, UPDATE
from marketdata.hub.sinks import Sink
from marketdata.hub.views import Sinks, View
from marketdata.items import Channel


class Position(NamedTuple):
    """Where a socket stands on a symbol and channel that no group sends it now: the number last sent, 0 for none."""

    sent: int
    wants_snapshot: bool


class Subscriber:
    """One socket: what it asked for, what serves it, and where it must first catch up.

    `rated` are the numbers last sent of what comes at a chosen rate. `held` are frames of this flush, for a socket that
    gets several: they leave in one write. `deflates`: it is sent the updates of its groups compressed.
    """

    __slots__ = ("behind", "deflates", "groups", "held", "paused", "rated", "sink", "wants", "wire", "write")

    def __init__(self, sink: Sink, wire: str) -> None:
        self.sink, self.wire, self.write = sink, wire, sink.write
        self.deflates = sink.deflates
        self.wants: dict[Channel, dict[str, Options]] = {}
        self.groups: dict[Channel, Group] = {}
        self.behind: dict[Channel, dict[str, Position]] = {channel: {} for channel in Channel}
        self.rated: dict[View, int] = {}
        self.held: list[bytes] = []
        self.paused = False

    def release(self) -> int:
        """Writes what is held; how many bytes."""
        frames = b"".join(self.held)
        self.held = []
        self.write(frames)
        return len(frames)


class Keeper(Protocol):
    """Who decides what a socket is sent."""

    def paused(self, subscriber: Subscriber, /) -> None: ...

    def resumed(self, subscriber: Subscriber, /) -> None: ...


class Attention:
    """Tells the hub whether one socket's client keeps up."""

    __slots__ = ("_hub", "_subscriber")

    def __init__(self, hub: Keeper, subscriber: Subscriber) -> None:
        self._hub, self._subscriber = hub, subscriber

    def paused(self) -> None:
        self._hub.paused(self._subscriber)

    def resumed(self) -> None:
        self._hub.resumed(self._subscriber)


class Group:
    """Sockets of one format, all compressed or none, that see the same of a channel; the items that wait for the flush.

    A member is entered with what takes its frames: its socket, or where it is in several groups the flush's `hold`.
    `around(fragments)` is their frame.
    """

    __slots__ = ("around", "channel", "deflates", "fragments", "members", "views", "wire")

    def __init__(self, channel: Channel, wire: str, views: frozenset[View], *, deflates: bool) -> None:
        self.channel, self.wire, self.views, self.deflates = channel, wire, views, deflates
        self.around = ENVELOPES[channel, UPDATE, wire].around
        self.fragments: list[bytes] = []
        self.members: dict[Subscriber, Callable[[bytes], None]] = {}

    @property
    def symbols(self) -> frozenset[str]:
        return frozenset(view.symbol for view in self.views)


def sinks(view: View, wire: str) -> Sinks:
    return view.json_sinks if wire == JSON else view.msgpack_sinks
