"""How does the order bridge stand with the engine, and what may change that?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class LinkState(StrEnum):
    """Shown to users; new orders are taken in LIVE only."""

    DOWN = "down"  #: no connection; the next attempt waits its turn
    CONNECTING = "connecting"  #: no Welcome yet
    SYNCING = "syncing"  #: welcomed; reports missed meanwhile are being replayed
    LIVE = "live"
    DEGRADED = "degraded"  #: the engine has said nothing for too long


class Occasion(StrEnum):
    """What can happen to the link."""

    OPENED = "opened"  #: an attempt began
    WELCOMED = "welcomed"  #: the engine took our session
    CAUGHT_UP = "caught_up"  #: the owner has applied every report
    SILENT = "silent"  #: nothing heard for `DEGRADED_SECONDS`
    HEARD = "heard"  #: a valid message came
    LOST = "lost"  #: disconnected, refused, fenced, or silent for `DOWN_SECONDS`


TRANSITIONS: Mapping[tuple[LinkState, Occasion], LinkState] = {
    (LinkState.DOWN, Occasion.OPENED): LinkState.CONNECTING,
    (LinkState.CONNECTING, Occasion.WELCOMED): LinkState.SYNCING,
    (LinkState.CONNECTING, Occasion.LOST): LinkState.DOWN,
    (LinkState.SYNCING, Occasion.CAUGHT_UP): LinkState.LIVE,
    (LinkState.SYNCING, Occasion.SILENT): LinkState.DEGRADED,
    (LinkState.SYNCING, Occasion.LOST): LinkState.DOWN,
    (LinkState.LIVE, Occasion.SILENT): LinkState.DEGRADED,
    (LinkState.LIVE, Occasion.LOST): LinkState.DOWN,
    # Not back to LIVE: an engine that was stuck may have dropped reports, so the owner asks for replay again.
    (LinkState.DEGRADED, Occasion.HEARD): LinkState.SYNCING,
    (LinkState.DEGRADED, Occasion.LOST): LinkState.DOWN,
}

WELCOMED = frozenset({LinkState.SYNCING, LinkState.LIVE, LinkState.DEGRADED})  #: the session stands; sending is allowed


def after(state: LinkState, occasion: Occasion) -> LinkState:
    """The state that follows; `state` itself where the table has no row: then the occasion means nothing."""
    return TRANSITIONS.get((state, occasion), state)


class StateChanged(NamedTuple):
    """The link went from one state to another; on SYNCING the owner asks for replay."""

    before: LinkState
    state: LinkState
    reason: str


class Fenced(NamedTuple):
    """A newer session holds the engine: the owner must end. The link stays down."""

    session: int
    reason: str


LinkEvent = StateChanged | Fenced
