"""Who is sent what? Sockets with the same symbols on a channel form a group and share the bytes of each message."""

from __future__ import annotations

from typing import NamedTuple

from marketdata.hub.pushes import UPDATE, Message, push
from marketdata.hub.sinks import Sink
from marketdata.items import Channel


class Position(NamedTuple):
    """Where a socket stands on a topic that no group sends it now: the number last sent, 0 for none."""

    sent: int
    wants_snapshot: bool


class Subscriber:
    """One socket: what it asked for, the groups that serve it, and the topics on which it must first catch up."""

    __slots__ = ("behind", "groups", "paused", "sink", "wants", "wire")

    def __init__(self, sink: Sink, wire: str) -> None:
        self.sink, self.wire = sink, wire
        self.wants: dict[Channel, set[str]] = {}
        self.groups: dict[Channel, Group] = {}
        self.behind: dict[Channel, dict[str, Position]] = {channel: {} for channel in Channel}
        self.paused = False


class Group:
    """Sockets of one format that are sent the same symbols of a channel, and the items that wait for the flush."""

    __slots__ = ("channel", "fragments", "members", "symbols", "wire")

    def __init__(self, channel: Channel, wire: str, symbols: frozenset[str]) -> None:
        self.channel, self.wire, self.symbols = channel, wire, symbols
        self.fragments: list[bytes] = []
        self.members: dict[Subscriber, None] = {}

    def flush(self, singles: dict[bytes, Message]) -> None:
        """Sends what waits as one message. Messages of a single item are shared among groups through `singles`."""
        fragments = self.fragments
        if len(fragments) == 1:
            message = singles.get(fragments[0])
            if message is None:
                message = singles[fragments[0]] = push(self.channel, UPDATE, self.wire, fragments)
        else:
            message = push(self.channel, UPDATE, self.wire, fragments)
        fragments.clear()
        for member in self.members:
            member.sink.write(message)
