"""How are the engine link, the order bridge and market data, as this web process knows it?

One `SystemWatch` per event loop asks twice a second while a socket follows it, however many do, and tells each change.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import NoReturn
from uuid import UUID
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from accounts.sockets.system import Part, SystemItem
from marketdata.hub import market_hub
from orders.client import bridge_state
from orders.core.scopes import Scope
from orders.core.trading_states import Restriction, TradingState
from orders.health import CORE_PAUSE_MAX_MS
from tradingmw.errors import TradingError

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 0.5  #: so that a halt is told within a second, whatever becomes of the channel layer
LIVE, DOWN = "live", "down"
STALLED = "stalled"  #: the order core has not finished a pass for seconds
TRIPPED = "tripped"  #: nothing new is sent to the engine until a person has looked; cancels are
UNKNOWN = "unknown"  #: only the order bridge knows, and it does not answer

ACTIVE = TradingState.ACTIVE.value

Key = tuple[Part, str, str]  #: of trading also scope and target
#: Takes the items that changed; must not wait.
Follower = Callable[[Sequence[SystemItem]], None]


class SystemWatch:
    """Belongs to one event loop. `faults` counts the looks that failed."""

    def __init__(self) -> None:
        self.faults = 0
        self._items: dict[Key, SystemItem] = {}
        self._targets: dict[Key, str] = {}  #: ids of the users and desks that were ever restricted
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
        states, trading = await bridge_states()
        states[Part.FEED] = str(market_hub().source.feed()[0])
        now_us = time.time_ns() // 1_000
        seen = [SystemItem(part=part, state=state, since=now_us) for part, state in states.items()]
        changed = [item for item in [*seen, *self._trading(trading, now_us)] if self._is_news(item)]
        self._items.update({key_of(item): item for item in changed})
        for key in [key for key, item in self._items.items() if item.part is Part.TRADING and item.state == ACTIVE]:
            del self._items[key]  # told once more, that it is over
        for follower in tuple(self._followers) if changed else ():
            follower(changed)

    def concerns(self, item: SystemItem, user: UUID, desk: UUID | None) -> bool:
        """Is he to be told? Of trading only what binds him: nobody sees in which state another is."""
        if item.scope not in (Scope.USER, Scope.DESK):
            return True
        return self._targets[key_of(item)] == str(user if item.scope == Scope.USER else desk)

    def _is_news(self, item: SystemItem) -> bool:
        before = self._items.get(key_of(item))
        return before is None or (before.state, before.reason) != (item.state, item.reason)

    def _trading(self, now: Sequence[Restriction] | None, now_us: int) -> list[SystemItem]:
        """One for each target that is or was restricted; None: nobody can tell, and what was is still."""
        if now is None:
            return []
        items = {key_of(item := trading_item(one)): item for one in now}
        self._targets.update({key_of(trading_item(one)): one.target.key for one in now})
        before = {key: item for key, item in self._items.items() if item.part is Part.TRADING}
        over = [
            replace(item, state=ACTIVE, since=now_us, reason="") for key, item in before.items() if key not in items
        ]
        return [*items.values(), *over]


def key_of(item: SystemItem) -> Key:
    return item.part, item.scope, item.target


def trading_item(one: Restriction) -> SystemItem:
    return SystemItem(
        part=Part.TRADING,
        state=one.state.value,
        since=one.set_at_us,
        scope=one.target.scope.value,
        target=one.name,
        reason=one.reason,
    )


async def bridge_states() -> tuple[dict[Part, str], list[Restriction] | None]:
    """Those of the order bridge and of its engine link, and the restrictions; None: only the bridge knows."""
    try:
        answer = await bridge_state()
    except TradingError:
        return {Part.ENGINE: UNKNOWN, Part.ORDERS: DOWN}, None
    orders = TRIPPED if answer.tripped else LIVE
    if answer.core_age_ms > CORE_PAUSE_MAX_MS:
        orders = STALLED
    return {Part.ENGINE: answer.link, Part.ORDERS: orders}, answer.restrictions


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, SystemWatch] = WeakKeyDictionary()


def system_watch() -> SystemWatch:
    """The watch of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _WATCHES:
        _WATCHES[loop] = SystemWatch()
    return _WATCHES[loop]
