"""An ASGI application behind a real uvicorn, in a thread of the test process, on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from asgiref.sync import sync_to_async
from django.db import connections

from tests.stack import wait_for
from tradingmw.server import StoppableServer

START_SECONDS = 10.0


@contextmanager
def served(application: Any, ws: Any = "websockets-sansio", http: Any = "auto") -> Iterator[str]:
    """Yields `host:port`; the server has ended when the block has. `ws`, `http`: uvicorn's name of one, or a class."""
    stop = threading.Event()
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        ws=ws,
        http=http,
        ws_max_size=65_536,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = StoppableServer(config, stop)
    thread = threading.Thread(target=server.run, name="served")
    thread.start()
    try:
        yield f"127.0.0.1:{port_of(server)}"
    finally:
        stop.set()
        thread.join()
        asyncio.run(sync_to_async(connections.close_all)())  # those of the thread that consumers query in


def port_of(server: uvicorn.Server) -> int:
    wait_for(lambda: server.started, START_SECONDS, "the start of the server")
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
