"""Who follows a private stream, and what must one be told?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from notifications.models import StreamEvent


class Follower(Protocol):
    """What follows a stream: a socket. All calls come on the loop and must not wait."""

    stream: str
    cursor: int  #: the number of the last event handed over, or the one at which its snapshot was taken

    @property
    def is_idle(self) -> bool:
        """It would show nothing of any event now: only its cursor is to move."""

    def pass_by(self, number: int) -> None:
        """Move `cursor` to `number`, without the events."""

    def hand(self, events: Sequence[StreamEvent]) -> None:
        """Take the next events, the first of them number `cursor` + 1, and move `cursor` to the last."""

    def lost(self) -> None:
        """The log cannot go on after `cursor`; the follower has been dropped and needs a snapshot."""


@dataclass
class Followed:
    """A stream with at least one follower."""

    followers: dict[Follower, None] = field(default_factory=dict)
    counter: int = 0  #: as last read from its counter row
    fruitless: int = 0  #: reads in a row that could not go on although the counter says that there is more

    def floor(self) -> int:
        return min(follower.cursor for follower in self.followers)

    def is_idle(self) -> bool:
        return all(follower.is_idle for follower in self.followers)
