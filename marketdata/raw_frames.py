"""How does a frame that is ready reach many sockets without being made again for each?

Server frames are not masked, so the same bytes suit every socket. uvicorn's WebSocket protocol gets one addition: the
scope extension `tmw.frames`, through which such bytes go straight to the transport. It writes whole frames only, on
the loop thread, while the connection is open; uvicorn itself never leaves a message unfinished between two turns, and
compression is off, so nothing can be torn apart. Where the extension is absent, the hub sends by plain ASGI.
"""

from __future__ import annotations

from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "tmw.frames"
HIGH_WATER_BYTES = 64 * 1024
TEXT_OPCODE, BINARY_OPCODE = 0x81, 0x82  # with FIN


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 65_536:
        return b"%c\x7e%b%b" % (opcode, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (opcode, size.to_bytes(8, "big"), payload)


def text_frame(payload: bytes) -> bytes:
    """`payload` (UTF-8) as one unmasked, unfragmented text frame."""
    return _frame(TEXT_OPCODE, payload)


def binary_frame(payload: bytes) -> bytes:
    """`payload` as one unmasked, unfragmented binary frame."""
    return _frame(BINARY_OPCODE, payload)


class Watcher(Protocol):
    """Who wants to know whether the client keeps up. Called on the loop thread."""

    def paused(self) -> None:
        """More than the high-water mark waits to be sent: write no more."""

    def resumed(self) -> None:
        """The client has caught up."""


class FrameWriter:
    """The extension's object: one open connection."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: FramesProtocol) -> None:
        self._protocol = protocol

    def write(self, frame: bytes) -> None:
        """Hand over one whole frame; nothing happens once the connection is closing."""
        protocol = self._protocol
        if protocol.handshake_complete and not protocol.close_sent and not protocol.transport.is_closing():
            protocol.transport.write(frame)

    def watch(self, watcher: Watcher | None) -> None:
        """Tell `watcher` from now on (at once, where the connection is paused already); None: nobody."""
        self._protocol.watcher = watcher
        if watcher is not None and not self._protocol.writable.is_set():
            watcher.paused()


class FramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol with the extension `tmw.frames`."""

    watcher: Watcher | None = None

    async def run_asgi(self) -> None:
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        extensions: dict[str, Any] = {**(self.scope["extensions"] or {}), EXTENSION: FrameWriter(self)}
        self.scope["extensions"] = extensions
        await super().run_asgi()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.watcher is not None:
            self.watcher.paused()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.watcher is not None:
            self.watcher.resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        self.watcher = None
        super().connection_lost(exc)
