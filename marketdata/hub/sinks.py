"""By which way do a socket's messages leave: as finished frames, or by plain ASGI?"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from marketdata.raw_frames import EXTENSION, HIGH_WATER_BYTES, FrameWriter, Watcher, payloads

Send = Callable[[bytes], Awaitable[Any]]


class Sink(Protocol):
    """Where a socket's messages go. It tells its watcher when the client does not keep up, and when it does again."""

    @property
    def deflates(self) -> bool:
        """Whether `write` takes frames that `deflated` has made."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """Takes whole frames, joined."""

    def watch(self, watcher: Watcher | None) -> None: ...


class FrameSink:
    """Finished frames through the server's `tmw.frames`."""

    def __init__(self, writer: FrameWriter) -> None:
        self.write = writer.write
        self.watch = writer.watch
        self.deflates = writer.deflates


class AsgiSink:
    """Payloads by ASGI `send`, in order, from one task; past the high-water mark the watcher is told to pause.

    The frames must be plain: what is compressed for the client the server compresses.
    """

    deflates = False

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._watcher: Watcher | None = None
        self._draining: asyncio.Task[None] | None = None
        self._full = False

    def write(self, frames: bytes) -> None:
        waiting = list(payloads(frames))
        self._waiting += waiting
        self._bytes += sum(map(len, waiting))
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._drain())
        if self._bytes > HIGH_WATER_BYTES and not self._full and self._watcher is not None:
            self._full = True
            self._watcher.paused()

    def watch(self, watcher: Watcher | None) -> None:
        self._watcher = watcher
        if watcher is None:
            self._waiting.clear()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                payload = self._waiting.popleft()
                await self._send(payload)
                self._bytes -= len(payload)
        finally:
            self._draining = None
        if self._full and self._watcher is not None:
            self._full = False
            self._watcher.resumed()


def sink_of(scope: Mapping[str, Any], send: Send) -> Sink:
    """The fastest way that the server of this socket offers."""
    writer: FrameWriter | None = scope.get("extensions", {}).get(EXTENSION)
    return AsgiSink(send) if writer is None else FrameSink(writer)
