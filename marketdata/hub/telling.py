"""What is a socket told that stands at some number? Encoded once for all that stand there at the same moment."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import UNSET

from marketdata.hub.pushes import ENCODERS, SNAPSHOT, UPDATE, push
from marketdata.hub.subscriber import Position
from marketdata.hub.views import CatchUp, Moment, View
from marketdata.items import Channel

FRESH_US = 20_000  #: for so long an encoded answer may be given again, while nothing moves


class Told(NamedTuple):
    """The type of push and the items' bytes; how many updates they merge, and how many trades were lost."""

    kind: str
    fragments: list[bytes]
    merged: int = 0
    lost: int = 0


NOTHING = Told(UPDATE, [])


class Telling:
    """`live`: is the feed? `dimmed`: was anybody told that a quote is stale only because it is not?"""

    def __init__(self) -> None:
        self.live = False
        self.dimmed = False
        self._told: dict[tuple[View, int, Position, str], Told] = {}
        self._moment = Moment(0, False)

    def forget(self) -> None:
        """The market has moved."""
        if self._told:
            self._told = {}

    def moment(self) -> Moment:
        now_us = time.time_ns() // 1000
        if self._moment.live != self.live or not 0 <= now_us - self._moment.now_us < FRESH_US:
            self._moment = Moment(now_us, self.live)
            self._told = {}
        self.dimmed = self.dimmed or not self.live
        return self._moment

    def told(self, view: View, position: Position, wire: str) -> Told:
        """What brings a socket of that format from `position` to the present."""
        if not position.wants_snapshot and position.sent == view.seq:
            return NOTHING
        moment, key = self.moment(), (view, view.seq, position, wire)  # a view may move while the market does not
        if (found := self._told.get(key)) is None:
            found = self._told[key] = encoded(caught_up(view, position, moment), wire)
        return found


def caught_up(view: View, position: Position, moment: Moment) -> CatchUp:
    if position.wants_snapshot or view.seq < position.sent:
        return CatchUp(SNAPSHOT, [view.snapshot(position.sent, moment)])
    return view.missed(position.sent, moment)


def encoded(missed: CatchUp, wire: str) -> Told:
    gaps = sum(item.skipped for item in missed.items if item.skipped is not UNSET)
    return Told(missed.kind, [ENCODERS[wire](item) for item in missed.items], gaps - missed.lost, missed.lost)


def frames(channel: Channel, wire: str, told: Iterable[Told]) -> list[bytes]:
    """A frame per type of push."""
    by_kind: dict[str, list[bytes]] = {}
    for one in told:
        if one.fragments:
            by_kind.setdefault(one.kind, []).extend(one.fragments)
    return [push(channel, kind, wire, fragments) for kind, fragments in by_kind.items()]
