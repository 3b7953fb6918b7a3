"""What do web processes and the order bridge say of orders that are cancelled because nobody is there?"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from bridge.wire.messages import Micros
from orders.request_frame import Answer, Caller, Request

SESSIONS_MAX = 1_000
SECOND_US = 1_000_000
GRACE_SECONDS_MAX = 60
CANCEL_AFTER_SECONDS_MAX = 86_400
BACK_SECONDS_MAX = 60


class GuardScope(StrEnum):
    """Whose orders a disconnect cancels."""

    SESSION = "session"  #: those that were placed in the session
    ACCOUNT = "account"  #: all of the account


class GuardSession(Request, frozen=True, kw_only=True):
    """Cancel-on-disconnect of the caller's session, on or off. `process`: the web process that has its socket."""

    caller: Caller
    process: UUID
    enabled: bool
    grace_us: Annotated[int, Meta(ge=SECOND_US, le=GRACE_SECONDS_MAX * SECOND_US)]
    scope: GuardScope


class AttendSessions(Request, frozen=True, kw_only=True):
    """Which sessions have trading sockets in a web process. Said twice a second, and at once when one comes or goes.

    `gone` are those whose last socket there is gone; their clients were told to be back within `back_us`.
    """

    process: UUID
    present: Annotated[list[UUID], Meta(max_length=SESSIONS_MAX)] = []
    gone: Annotated[list[UUID], Meta(max_length=SESSIONS_MAX)] = []
    back_us: Annotated[int, Meta(ge=0, le=BACK_SECONDS_MAX * SECOND_US)] = 0


class CancelAfter(Request, frozen=True, kw_only=True):
    """Cancel all open orders of the caller's account in so many seconds, unless it is set anew; 0 disarms."""

    caller: Caller
    seconds: Annotated[int, Meta(ge=0, le=CANCEL_AFTER_SECONDS_MAX)]


class GuardAnswer(Answer, frozen=True, kw_only=True):
    """The session is guarded now as it was asked for, or is no more."""

    last_event_id: int


class AttendAnswer(Answer, frozen=True, kw_only=True):
    """Which of the present sessions are guarded."""

    guarded: list[UUID]


class CancelAfterAnswer(Answer, frozen=True, kw_only=True):
    """`trigger_at_us` 0: no timer runs."""

    trigger_at_us: Micros
    now_us: Micros
    last_event_id: int
