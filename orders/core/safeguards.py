"""What must the core know to cancel for somebody who is not there? Guarded sessions, running timers, and who attends.

A session is guarded from when its user asks for cancel-on-disconnect. Web processes say twice a second which guarded
sessions have a socket with them. A countdown is measured in time that the core has listened: while it stood still, was
away from its database or its clock was set, nobody could be heard, and nobody's absence is proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from orders.core.layers import Layer
from orders.safeguard_requests import GuardScope

LISTENED_MAX_US = 100_000  #: of one pass: who pauses for longer has not listened
MISSED_US = 750_000  #: a process beats each half second; by then one beat is missing for certain
ANEW_US = 3_000_000  #: until web processes have found a bridge that has just begun
DORMANT_LOOK_US = 3_600_000_000
NEVER_US = 2**62


class Fate(StrEnum):
    """What became of a session, by the database."""

    LIVE = "live"
    LOGGED_OUT = "logged_out"  #: by its own user, in it
    OVER = "over"  #: ended by anybody else, expired, or gone


class Guard(Struct, frozen=True, kw_only=True):
    """Cancel-on-disconnect of one session. `fired`: it has cancelled, and no socket of it has come back since."""

    session: UUID
    user: UUID
    account: UUID
    account_name: str
    ip_address: str | None
    scope: GuardScope
    grace_us: int
    set_at_us: int
    fired: bool = False


class Timer(Struct, frozen=True, kw_only=True):
    """An account's cancel-after: at `trigger_at_us` all its open orders are cancelled. Set by who set it last."""

    account: UUID
    account_name: str
    user: UUID
    session: UUID | None
    ip_address: str | None
    set_at_us: int
    trigger_at_us: int


class Attendance(NamedTuple):
    """Who has a socket of a session: each process, and when it was heard last. `since_us`: when one let go of it last,
    or will. In time that was listened.
    """

    heard_us: Mapping[UUID, int]
    since_us: int


class Safeguards:
    """What the database has confirmed of guards and timers, and who attends, which is heard anew after each start."""

    def __init__(self) -> None:
        self.guards: dict[UUID, Guard] = {}
        self.timers: dict[UUID, Timer] = {}
        self.attendances: dict[UUID, Attendance] = {}
        self.fates: Mapping[UUID, Fate] = {}  #: of those whose countdown is over; handed in before each batch
        self.listened_us = 0
        self.last_pass_us = 0
        self.look_at_us = 0  #: when the next countdown may be over, in time that was listened
        self.timers_look_us = 0  #: when the next timer elapses, by the clock

    def load(self, guards: list[Guard], timers: list[Timer]) -> None:
        """Of an earlier life. Nobody has been heard yet: every countdown begins anew, once the web can have come."""
        self.guards = {guard.session: guard for guard in guards}
        self.timers = {timer.account: timer for timer in timers}
        anew = Attendance({}, self.listened_us + ANEW_US)
        self.attendances = dict.fromkeys(self.guards, anew)

    def listened_at(self, now_us: int) -> int:
        """A pause, or a clock that was set, counts as a pass's little at most."""
        if not self.last_pass_us:
            return self.listened_us
        return self.listened_us + min(max(now_us - self.last_pass_us, 0), LISTENED_MAX_US)

    def elapsed(self, now_us: int) -> list[UUID]:
        """Sessions whose countdown is over if nothing more is heard: what became of them is to be looked up."""
        listened_us = self.listened_at(now_us)
        if listened_us < self.look_at_us:
            return []
        guards = self.guards.items()
        return [session for session, guard in guards if due_us(guard, self.attendances[session]) <= listened_us]


class SafeguardsDraft:
    """What a batch makes of them."""

    def __init__(self, below: Safeguards, now_us: int) -> None:
        self._below = below
        self._now_us = now_us
        self.listened_us = below.listened_at(now_us)
        self.look_at_us, self.timers_look_us = below.look_at_us, below.timers_look_us
        self.guards = Layer(below.guards)
        self.timers = Layer(below.timers)
        self.attendances = Layer(below.attendances)
        self.fates = below.fates

    @property
    def writes(self) -> bool:
        return bool(self.guards.changes or self.timers.changes)

    def adopt(self) -> None:
        below = self._below
        below.listened_us, below.last_pass_us = self.listened_us, self._now_us
        below.look_at_us, below.timers_look_us = self.look_at_us, self.timers_look_us
        for layer in (self.guards, self.timers, self.attendances):
            if layer.changes:
                layer.adopt()


def due_us(guard: Guard, attendance: Attendance) -> int:
    """When the countdown is over: after the grace from a process's word, and from when a silent one was missing."""
    if guard.fired:
        return attendance.since_us + DORMANT_LOOK_US
    due = attendance.since_us + guard.grace_us
    heard = max(attendance.heard_us.values(), default=None)
    return due if heard is None else max(due, heard + MISSED_US + guard.grace_us)
