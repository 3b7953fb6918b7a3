"""How does a frame that is ready reach many sockets without being made again for each?

Server frames are not masked, so the same bytes suit every socket. uvicorn's WebSocket protocol gets one addition: the
scope extension `tmw.frames`, through which such bytes go straight to the transport. It writes whole frames only, on
the loop thread, while the connection is open; uvicorn itself never leaves a message unfinished between two turns, and
no message refers to one before, compressed or not, so nothing can be torn apart. Where the extension is absent, the hub
sends by plain ASGI.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from marketdata.deflate import DEFLATE, Deflate, squeezed

EXTENSION = "tmw.frames"
HIGH_WATER_BYTES = 64 * 1024
TEXT_OPCODE, BINARY_OPCODE = 0x81, 0x82  # with FIN
COMPRESSED = 0x40  #: RSV1, beside the opcode


SHORT, MEDIUM = 126, 65_536  #: sizes from which a frame's head is longer

_medium = struct.Struct("!BBH").pack
_long = struct.Struct("!BBQ").pack


def head(opcode: int, size: int) -> bytes:
    """What precedes a payload of `size` bytes as one unmasked, unfragmented frame."""
    if size < SHORT:
        return bytes((opcode, size))
    return _medium(opcode, 126, size) if size < MEDIUM else _long(opcode, 127, size)


HEADS_KNOWN = 8_192  #: sizes whose head is at hand: to make it takes as long as to join a frame
TEXT_HEADS = [head(TEXT_OPCODE, size) for size in range(HEADS_KNOWN)]
BINARY_HEADS = [head(BINARY_OPCODE, size) for size in range(HEADS_KNOWN)]


def payloads(frames: bytes) -> Iterator[bytes]:
    """The payloads of whole frames that were made here and joined."""
    start = 0
    while start < len(frames):
        size, start = frames[start + 1], start + 2
        if size >= SHORT:
            more = 2 if size == SHORT else 8
            size, start = int.from_bytes(frames[start : start + more], "big"), start + more
        yield frames[start : start + size]
        start += size


def deflated(frames: bytes) -> bytes:
    """The same messages, for a client that `deflates`; each is compressed where that makes it smaller.

    `frames` are whole, joined and all of the first one's opcode.
    """
    made: list[bytes] = []
    for payload in payloads(frames):
        small = squeezed(payload)
        if len(small) < len(payload):
            made += (head(frames[0] | COMPRESSED, len(small)), small)
        else:
            made += (head(frames[0], len(payload)), payload)
    return b"".join(made)


class Watcher(Protocol):
    """Who wants to know whether the client keeps up. Called on the loop thread."""

    def paused(self) -> None:
        """More than the high-water mark waits to be sent: write no more."""

    def resumed(self) -> None:
        """The client has caught up."""


class FrameWriter:
    """The extension's object: one open connection.

    Whether it is open is not asked for each write, only after something that may have closed it (`look_again`).
    `deflates`: its client takes frames that `deflated` has made.
    """

    __slots__ = ("_is_open", "_protocol", "_write", "deflates")

    _protocol: FramesProtocol | None  #: None: it is gone

    def __init__(self, protocol: FramesProtocol) -> None:
        self._protocol, self._write = protocol, protocol.transport.write
        self._is_open = False
        self.deflates = any(isinstance(one, Deflate) and one.takes_squeezed for one in protocol.conn.extensions)

    def write(self, frames: bytes) -> None:
        """Hand over whole frames, joined, as one write; nothing happens once the connection is closing."""
        if self._is_open or self._look():
            self._write(frames)

    def write_message(self, opcode: int, payload: bytes) -> bool:
        """Hand over one message as it is; False, and nothing happens, where it is not open, slow, or `deflates`."""
        if self.deflates or not (self._is_open or self._look()) or not self._is_free():
            return False
        self._write(head(opcode, len(payload)) + payload)
        return True

    def _is_free(self) -> bool:
        return self._protocol is not None and self._protocol.writable.is_set()

    def look_again(self) -> None:
        """Look before the next write whether the connection is open."""
        self._is_open = False

    def _look(self) -> bool:
        protocol = self._protocol
        if protocol is None:
            return False
        closing = protocol.close_sent or protocol.transport.is_closing()
        self._is_open = protocol.handshake_complete and not closing
        return self._is_open

    def watch(self, watcher: Watcher | None) -> None:
        """Tell `watcher` from now on (at once, where the connection is paused already); None: nobody."""
        if self._protocol is None:
            return
        self._protocol.watcher = watcher
        if watcher is not None and not self._protocol.writable.is_set():
            watcher.paused()

    def end(self) -> None:
        """The connection is gone: nothing is written from now on, and nothing of it is kept here."""
        self._is_open, self._protocol = False, None
        del self._write


class FramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol with the extension `tmw.frames`."""

    compresses: ClassVar[bool] = False  #: for clients that offer it
    watcher: Watcher | None = None
    _writer: FrameWriter | None = None
    _close_sent = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.compresses:
            self.conn.available_extensions = [DEFLATE]

    async def run_asgi(self) -> None:
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._writer = FrameWriter(self)
        extensions: dict[str, Any] = {**(self.scope["extensions"] or {}), EXTENSION: self._writer}
        self.scope["extensions"] = extensions
        await super().run_asgi()

    @property
    def close_sent(self) -> bool:
        return self._close_sent

    @close_sent.setter
    def close_sent(self, sent: bool) -> None:
        self._close_sent = sent
        self._look_again()

    def handle_close(self, event: Any) -> None:
        super().handle_close(event)
        self._look_again()

    def shutdown(self) -> None:
        super().shutdown()
        self._look_again()

    def _look_again(self) -> None:
        if self._writer is not None:
            self._writer.look_again()

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
        if self._writer is not None:
            self._writer.end()
            self._writer = None
