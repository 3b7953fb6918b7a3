"""Is anybody left who could cancel an order? The bridge's order core says so; when it stops, every order ends.

Armed by the first heartbeat that asks for it, disarmed by one that asks for nothing more, and once it has fired.
"""

from __future__ import annotations

STOOD_STILL_US = 1_000_000  #: a longer time between two looks is this engine's own fault


class DeadMan:
    """Looked at in every pass; the session's heartbeats put it off."""

    def __init__(self) -> None:
        self._due_us: int | None = None
        self._looked_us: int | None = None

    @property
    def armed(self) -> bool:
        return self._due_us is not None

    def put_off(self, cancel_after_ms: int, now_us: int) -> None:
        """0: there is nothing to be afraid of any more."""
        self._due_us = now_us + cancel_after_ms * 1000 if cancel_after_ms else None

    def fires(self, now_us: int) -> bool:
        """True once. Time in which this engine itself did not run does not count: nobody could be heard."""
        away_us = now_us - (now_us if self._looked_us is None else self._looked_us)
        self._looked_us = now_us
        if self._due_us is None:
            return False
        if away_us > STOOD_STILL_US:
            self._due_us += away_us
        if now_us < self._due_us:
            return False
        self._due_us = None
        return True
