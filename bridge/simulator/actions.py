"""What can a market do by itself, without any user?

A market (a seeded one or a recording) is a stream of `Action`s: pure data, never aware of what users did. Each is
applied to one instrument as a whole and makes at most one book event. Orders of the market stand under keys of its
own choosing; an operation on a key whose order is gone, because a user's fill consumed it, is skipped and counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from bridge.simulator.listings import Listing

Key: TypeAlias = Hashable


class Place(NamedTuple):
    """Let the order under `key` be exactly this; it keeps its place in the queue only if nothing but less is left."""

    key: Key
    buy: bool
    ticks: int
    units: int


class Pull(NamedTuple):
    """Take the order under `key` out of the book."""

    key: Key


class Reduce(NamedTuple):
    """Take `units` off the order under `key`; its place in the queue stays."""

    key: Key
    units: int


class Execute(NamedTuple):
    """A recorded execution: the order under `key` loses `units`, and a trade prints at its price."""

    key: Key
    units: int


class Take(NamedTuple):
    """A market order that crosses the spread, whoever stands there; what finds nobody is gone."""

    buy: bool
    units: int


class Print(NamedTuple):
    """A trade that leaves the book alone (hidden liquidity, a recording's trade stream). `aggressor` as on the wire."""

    aggressor: int
    price_e8: int
    units: int


class Clear(NamedTuple):
    """All liquidity of the market is gone; users' orders stay."""


Operation: TypeAlias = Place | Pull | Reduce | Execute | Take | Print | Clear


class Action(NamedTuple):
    """What happens to one instrument at one instant of market time (microseconds since its start)."""

    at_us: int
    instrument_id: int
    operations: tuple[Operation, ...]


class Market(Protocol):
    """A source of liquidity: the instruments it trades and, from its time 0, what happens to them in order."""

    @property
    def listings(self) -> tuple[Listing, ...]: ...

    def actions(self) -> Iterator[Action]: ...
