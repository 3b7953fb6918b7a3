"""Where is the engine tried next: at the primary's address, or at its backup's?"""

from __future__ import annotations


class Places:
    """The addresses that a setting lists, the primary's first (`tcp://a:5571,tcp://b:5571`). One is tried at a time.

    Whoever has found an engine stays with it: to go back to the primary is for people to decide.
    """

    def __init__(self, listed: str) -> None:
        self._all = listed.split(",")
        self._now = 0

    @property
    def current(self) -> str:
        """Where it is tried, or was found."""
        return self._all[self._now]

    def move_on(self) -> None:
        """It was not there: the next one, after the last the first."""
        self._now = (self._now + 1) % len(self._all)
