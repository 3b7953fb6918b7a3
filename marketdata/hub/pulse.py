"""Does the feed bridge live now, and how is its feed? Asked directly: its last frame says only how it was then.

The answer is without a market, so that it may be asked often. A bridge that was killed is known to be gone at once, one
that is frozen after a second.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from marketdata.frames import FeedState
from marketdata.hub.state_link import NoState, StateLink


class Pulse(NamedTuple):
    """`epoch` 0: no market yet. `age_ms`: since the engine was last heard."""

    epoch: int
    state: FeedState
    age_ms: int


class FeedPulse:
    """One question at a time over a line of its own."""

    def __init__(self, link: StateLink) -> None:
        self._link = link
        self._asking = asyncio.Lock()

    async def ask(self, seconds: float) -> Pulse | None:
        """None where the feed bridge is not there or does not answer in time."""
        try:
            async with asyncio.timeout(seconds), self._asking:
                part = await self._link.pulse()
        except (NoState, TimeoutError):
            return None
        return Pulse(part.epoch, part.state, part.age_ms)

    def close(self) -> None:
        self._link.close()
