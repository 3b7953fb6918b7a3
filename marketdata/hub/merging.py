"""What leaves when the hub has too much to send? One item per symbol with the newest values: all sockets skip the same.

While flushes take too long, what is pending of quotes and books is made anew as one item of each view. From the second
such flush on quotes are not even gathered. Trades are never merged.
"""

from __future__ import annotations

from collections.abc import Iterable

from marketdata.hub.pushes import FORMATS, UPDATE
from marketdata.hub.subscriber import Group, Position, sinks
from marketdata.hub.telling import Telling, Told
from marketdata.hub.views import Topic, View
from marketdata.items import Channel

MERGED = (Channel.QUOTES, Channel.BOOK)


def merge(touched: Iterable[Topic], groups: Iterable[Group], telling: Telling, newest_only: bool) -> int:
    """Replaces what waits in `groups`, all of it of `touched`; how many updates less are sent, over all sockets.

    `newest_only`: nothing of the quotes waits there.
    """
    waiting = [group for group in groups if group.fragments]
    views = [view for one in touched for view in (one, *one.derived.values())]
    return sum(
        _merge(channel, views, waiting, telling, newest_only and channel is Channel.QUOTES) for channel in MERGED
    )


def _merge(channel: Channel, views: list[View], waiting: list[Group], telling: Telling, newest_only: bool) -> int:
    moved = [view for view in views if view.channel is channel and view.seq > view.flushed]
    told = {
        (view, wire): telling.told(view, Position(view.flushed, False), wire)
        for view in moved
        for wire in FORMATS
        if sinks(view, wire)
    }
    if not newest_only and not all(one.kind == UPDATE for one in told.values()):
        return 0
    if not newest_only and not any(one.merged for one in told.values()):
        return 0
    for group in waiting:
        if group.channel is channel:
            group.fragments.clear()
    return sum(_put(view, wire, one) for (view, wire), one in told.items())


def _put(view: View, wire: str, told: Told) -> int:
    sockets = 0
    for sink, append in sinks(view, wire).items():
        for fragment in told.fragments:
            append(fragment)
        sockets += len(sink.members) if isinstance(sink, Group) else 0
    return told.merged * sockets
