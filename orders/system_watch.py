"""How are the engine link, the order bridge and market data, as this web process knows it?

One `SystemWatch` per event loop asks once a second while a socket follows it, however many do, and tells each change.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import NoReturn
from weakref import WeakKeyDictionary

from accounts.sockets.system import Part, SystemItem
from marketdata.hub import market_hub
from orders.client import bridge_state
from orders.health import CORE_PAUSE_MAX_MS
from tradingmw.errors import TradingError

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 1.0
LIVE, DOWN = "live", "down"
STALLED = "stalled"  #: the order core has not finished a pass for seconds
TRIPPED = "tripped"  #: nothing new is sent to the engine until a person has looked; cancels are
UNKNOWN = "unknown"  #: only the order bridge knows, and it does not answer

#: Takes the items that changed; must not wait.
Follower = Callable[[Sequence[SystemItem]], None]


class SystemWatch:
    """Belongs to one event loop. `faults` counts the looks that failed."""

    def __init__(self) -> None:
        self.faults = 0
        self._items: dict[Part, SystemItem] = {}
        self._followers: dict[Follower, None] = {}
        self._task: asyncio.Task[NoReturn] | None = None

    async def ready(self) -> None:
        """Until the states are no older than a look."""
        if self._task is None:
            await self._look()

    def follow(self, follower: Follower) -> list[SystemItem]:
        """The states as they are; from now on `follower` is told each change."""
        self._followers[follower] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look_always(), name="system-watch")
        return list(self._items.values())

    def has(self, follower: Follower) -> bool:
        return follower in self._followers

    def unfollow(self, follower: Follower) -> None:
        self._followers.pop(follower, None)
        if not self._followers and self._task:
            self._task.cancel()
            self._task = None

    async def _look_always(self) -> NoReturn:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                await self._look()
            except Exception:
                self.faults += 1
                logger.exception("The parts' states could not be looked at", extra={"faults": self.faults})

    async def _look(self) -> None:
        states = {**await bridge_states(), Part.FEED: str(market_hub().source.feed()[0])}
        now_us = time.time_ns() // 1_000
        changed = [
            SystemItem(part=part, state=state, since=now_us)
            for part, state in states.items()
            if part not in self._items or self._items[part].state != state
        ]
        self._items.update({item.part: item for item in changed})
        for follower in tuple(self._followers) if changed else ():
            follower(changed)


async def bridge_states() -> dict[Part, str]:
    """Those of the order bridge and of its engine link."""
    try:
        answer = await bridge_state()
    except TradingError:
        return {Part.ENGINE: UNKNOWN, Part.ORDERS: DOWN}
    if answer.core_age_ms > CORE_PAUSE_MAX_MS:
        return {Part.ENGINE: answer.link, Part.ORDERS: STALLED}
    return {Part.ENGINE: answer.link, Part.ORDERS: TRIPPED if answer.tripped else LIVE}


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, SystemWatch] = WeakKeyDictionary()


def system_watch() -> SystemWatch:
    """The watch of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _WATCHES:
        _WATCHES[loop] = SystemWatch()
    return _WATCHES[loop]
