"""A WebSocket client that does what a library would not: any frame, half a frame, no reading at all."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from types import TracebackType
from typing import Any, NamedTuple, Self

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, MASKED = 0x80, 0x80
PLAIN_KEY = bytes(4)  #: a masking key that leaves the payload as it is


class Frame(NamedTuple):
    """A frame of the server's."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        return int(struct.unpack_from("!H", self.payload)[0]) if len(self.payload) >= 2 else 1005


def head(target: str, port: int) -> bytes:
    """The request of a handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A masked frame, as clients send them."""
    first = opcode | (FIN if fin else 0)
    size = len(payload)
    if size < 126:
        return bytes((first, MASKED | size)) + PLAIN_KEY + payload
    if size < 65_536:
        return bytes((first, MASKED | 126)) + size.to_bytes(2, "big") + PLAIN_KEY + payload
    return bytes((first, MASKED | 127)) + size.to_bytes(8, "big") + PLAIN_KEY + payload


def frames_in(received: bytearray) -> list[Frame]:
    """Takes the whole frames out of what was received."""
    found: list[Frame] = []
    start = 0
    while (end := frame_end(received, start)) is not None:
        size_field = received[start + 1]
        offset = start + (2 if size_field < 126 else 4 if size_field == 126 else 10)
        found.append(Frame(received[start] & 0x0F, bytes(received[offset:end])))
        start = end
    del received[:start]
    return found


def frame_end(received: bytearray, start: int) -> int | None:
    """Where the frame that begins at `start` ends; None where that is not known or not there yet."""
    have = len(received) - start
    if have < 2:
        return None
    size, header = received[start + 1], 2
    if size == 126:
        header = 4
        size = int.from_bytes(received[start + 2 : start + 4], "big") if have >= 4 else have
    elif size == 127:
        header = 10
        size = int.from_bytes(received[start + 2 : start + 10], "big") if have >= 10 else have
    return start + header + size if have >= header + size else None


class RawClient:
    """`with RawClient(port, "/ws/v1/market") as client:` open, with a small window where `window_bytes` says so."""

    def __init__(self, port: int, target: str, window_bytes: int = 0, timeout: float = 20) -> None:
        self.socket = socket.socket()
        if window_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self._frames: list[Frame] = []
        self.socket.sendall(head(target, port))
        self.status = self._status()

    def __enter__(self) -> Self:
        assert self.status == 101, self.status
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def _status(self) -> int:
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            data = self.socket.recv(65_536)
            assert data, "the server closed during the handshake"
            self.received += data
        status = int(self.received.split(b" ", 2)[1])
        del self.received[: end + 4]
        return status

    def send(self, *frames: bytes) -> bool:
        """False where the server has ended the connection."""
        try:
            self.socket.sendall(b"".join(frames))
        except OSError:
            return False
        return True

    def ask(self, method: str, params: Any = None, request_id: Any = 1) -> bool:
        return self.send(frame(TEXT, json.dumps({"id": request_id, "method": method, "params": params}).encode()))

    def frame(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while not self._frames:
            try:
                data = self.socket.recv(65_536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self.received += data
            self._frames = frames_in(self.received)
        return self._frames.pop(0)

    def answer(self, request_id: Any = 1) -> Any:
        """The answer to a request; pushes before it are left aside."""
        while (one := self.frame()) is not None:
            if one.opcode == TEXT and (read := json.loads(one.payload)).get("id", self) == request_id:
                return read
        raise AssertionError("the connection ended before the answer")

    def authenticate(self, access_token: str) -> Self:
        assert self.status == 101, self.status
        self.ask("auth", {"accessToken": access_token}, "auth")
        assert self.answer("auth")["status"] == "ok"
        return self

    def close_code(self) -> int | None:
        """What the server closes with; None where the connection ends without a close."""
        while (one := self.frame()) is not None:
            if one.opcode == CLOSE:
                return one.close_code
        return None

    def abort(self) -> None:
        """Leave with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
