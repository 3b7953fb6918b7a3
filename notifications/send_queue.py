"""What waits to be sent on one private socket, in which order, and how much of it may wait?

Answers, snapshots and events leave in the order in which they were put. Nothing private is merged or left out: a client
that lets more than a mebibyte pile up is closed, and resumes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tradingmw.metrics import SEND_QUEUE_BYTES, SEND_QUEUE_LONGEST

logger = logging.getLogger(__name__)
PENDING_BYTES_MAX = 1_048_576
#: Whoever produces at will (a replay, a snapshot) waits until less than this is pending.
ROOM_BYTES = PENDING_BYTES_MAX // 4


def never(_payload: bytes) -> bool:
    """A socket to which nothing can be written at once."""
    return False


class SendQueue:
    """Belongs to one event loop. `send` takes one payload to the socket; `close` closes it, once.

    `send_now` has one sent without waiting, or does nothing and says False; asked only where nothing is pending.
    """

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        close: Callable[[], Coroutine[Any, Any, None]],
        send_now: Callable[[bytes], bool] = never,
    ) -> None:
        self.pending_bytes = 0  #: what was put and has not been sent, the payload in flight included
        self.failed = False  #: nothing more is sent but the close
        self._send, self._send_now = send, send_now
        self._close = close
        self._payloads: deque[bytes] = deque()
        self._stir = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    def put(self, payload: bytes) -> None:
        """Queue `payload`; too much pending closes the socket. A payload beyond the bound goes alone."""
        if self.failed or (not self.pending_bytes and self._send_now(payload)):
            return
        if self.pending_bytes and self.pending_bytes + len(payload) > PENDING_BYTES_MAX:
            self.fail()
            return
        self._payloads.append(payload)
        self.pending_bytes += len(payload)
        self._wake()

    def fail(self) -> None:
        """Throw away what waits and close the socket now: the payload in flight may wait for its client for ever."""
        self._payloads.clear()
        if not self.failed:
            self.failed = True
            self._closing = asyncio.create_task(self._close(), name="send-queue-close")
        self._stir.set()

    async def room(self) -> bool:
        """Wait until little is pending; False when nothing will be sent any more."""
        while self.pending_bytes > ROOM_BYTES and not self.failed:
            self._stir.clear()
            await self._stir.wait()
        return not self.failed

    async def drained(self) -> None:
        """Wait until nothing is pending, or nothing will be sent any more."""
        while self.pending_bytes and not self.failed:
            self._stir.clear()
            await self._stir.wait()

    async def stop(self) -> None:
        _running.pop(self, None)
        self.failed = True
        running = [task for task in (self._writer, self._closing) if task]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _wake(self) -> None:
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_always(), name="send-queue")
            _running[self] = None
        self._stir.set()

    async def _write_always(self) -> None:
        while not self.failed:
            if self._payloads:
                await self._send_first()
            else:
                self._stir.clear()
                await self._stir.wait()

    async def _send_first(self) -> None:
        payload = self._payloads.popleft()
        try:
            await self._send(payload)
        except Exception:
            logger.exception("A socket could not be written to and is closed.")
            self.fail()
        self.pending_bytes -= len(payload)
        self._stir.set()


_running: dict[SendQueue, None] = {}  #: those of this process that have begun and were not stopped
SEND_QUEUE_BYTES.read_from(lambda: sum(one.pending_bytes for one in tuple(_running)))
SEND_QUEUE_LONGEST.read_from(lambda: max((one.pending_bytes for one in tuple(_running)), default=0))
