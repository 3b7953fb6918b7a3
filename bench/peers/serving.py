"""What do the Python peers share? The feed, and uvicorn on a free port, ending with standard input."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import uvicorn
import zmq
import zmq.asyncio

BACKLOG = 2048
RECEIVED_AHEAD = 200_000  #: messages, as the Node peers


async def quotes(address: str) -> AsyncIterator[dict[str, Any]]:
    """Every quote of the feed, in order."""
    subscriber = zmq.asyncio.Context.instance().socket(zmq.SUB)
    subscriber.set(zmq.RCVHWM, RECEIVED_AHEAD)
    subscriber.connect(address)
    subscriber.subscribe(b"")
    decode = msgspec.msgpack.Decoder().decode
    while True:
        _, packed = await subscriber.recv_multipart()
        yield decode(packed)


def serve(application: Any) -> None:
    """Serve until the end of standard input; says the port first."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )

    def watch_input() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=watch_input, daemon=True).start()
    print(json.dumps({"event": "listening", "port": listener.getsockname()[1]}), flush=True)
    server.run(sockets=[listener])
