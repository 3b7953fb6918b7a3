"""What does a flood cost the machine, whoever is flooded? A server that takes all a flooder sends, and does nothing.

    python -m tests.faults.sink

says its port as a line and ends with its standard input. It answers a handshake and whatever is asked next, closes at
the first of what follows, and reads the rest away in large pieces. What bystanders of our own process notice beside
this, they notice because two cores are shared; what they notice more beside a flood of our own process, we did.
"""

from __future__ import annotations

import asyncio
import sys

from tests.raw_client import CLOSE, TEXT

FIN = 0x80
BACKLOG = 2_048
WELCOME = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
KNOWN = b'{"id":"auth","status":"ok"}'
ENDED = b'{"id":1,"status":"error","error":{"code":"ENDED"}}'


def said(opcode: int, payload: bytes) -> bytes:
    """A short frame, as servers send them."""
    return bytes((FIN | opcode, len(payload))) + payload


ANSWERS = (WELCOME, said(TEXT, KNOWN), said(TEXT, ENDED) + said(CLOSE, (1000).to_bytes(2, "big")))


class Sink(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._answers = transport, iter(ANSWERS)

    def data_received(self, _data: bytes) -> None:
        if answer := next(self._answers, None):
            self._transport.write(answer)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
