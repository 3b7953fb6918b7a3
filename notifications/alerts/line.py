"""How does a thread without an event loop hear what the channel layer says about alerts, and speak to it?

Through a thread that has one. What the layer loses, the watch finds in the database: nothing here is ever waited for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from notifications.alerts.events import ALERTS_GROUP

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
#: A layer may forget members after a day without a word: join anew each hour.
REJOIN_SECONDS: Final = 3_600.0
UNSENT_MAX: Final = 1_000
JOIN_SECONDS: Final = 2.0

OnNews = Callable[[UUID], None]


class AlertLine:
    """Tells `on_news` (in its own thread) which alerts were changed; `tell` may be called from any thread.

    `counts`: "malformed" messages, "failed" connections, "dropped" (more was to be told than could be).
    """

    def __init__(self, layer: Any, on_news: OnNews) -> None:
        self.counts: Counter[str] = Counter()
        self._layer, self._on_news = layer, on_news
        self._loop = asyncio.new_event_loop()
        self._unsent: set[asyncio.Task[None]] = set()
        self._hearing: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="alert-line", daemon=True)
        self._thread.start()

    def tell(self, group: str, message: dict[str, Any]) -> None:
        """Send to a group of the layer; never waits."""
        self._loop.call_soon_threadsafe(self._send, group, message)

    def close(self) -> None:
        """Ends the thread; what waits to be told is dropped after a moment."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(JOIN_SECONDS)

    # In the thread -----------------------------------------------------------------------------------------------
    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._hearing = self._loop.create_task(self._hear())
        try:
            self._loop.run_until_complete(asyncio.wait([self._hearing]))
            if self._unsent:
                self._loop.run_until_complete(asyncio.wait(self._unsent, timeout=RETRY_SECONDS))
            self._loop.run_until_complete(self._layer.close())
        finally:
            self._loop.close()

    def _end(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()

    def _send(self, group: str, message: dict[str, Any]) -> None:
        if len(self._unsent) >= UNSENT_MAX:
            self.counts["dropped"] += 1
            return
        task = self._loop.create_task(self._layer.group_send(group, message))
        self._unsent.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._unsent.discard(task)
        if not task.cancelled() and task.exception():
            self._failed(task.exception())

    async def _hear(self) -> None:
        while True:
            try:
                await self._hear_for_an_hour()
            except TimeoutError:
                continue
            except Exception as error:
                self._failed(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hear_for_an_hour(self) -> None:
        channel = await self._layer.new_channel("alerts")
        await self._layer.group_add(ALERTS_GROUP, channel)
        try:
            async with asyncio.timeout(REJOIN_SECONDS):
                while True:
                    self._take(await self._layer.receive(channel))
        finally:
            await self._layer.group_discard(ALERTS_GROUP, channel)

    def _take(self, message: dict[str, Any]) -> None:
        try:
            alert_id = UUID(hex=message["id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            self.counts["malformed"] += 1
            return
        self._on_news(alert_id)

    def _failed(self, error: BaseException | None) -> None:
        self.counts["failed"] += 1
        logger.warning("The alerts' line to the channel layer failed", extra={"why": str(error), "counts": self.counts})
