"""How are the pages, the API and the sockets served? One uvicorn process, bounded towards every client.

Single process on purpose: on Windows only that way uvicorn runs on the proactor loop (the selector loop ends at 512
sockets); more processes are more services behind a proxy. Daphne is not imported here: it buffers without limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from accounts.sockets.door import Door, process_door
from accounts.sockets.guard import GuardedProtocol
from accounts.sockets.knock import sent_away
from accounts.sockets.turnstile import turnstiles
from marketdata.raw_frames import FramesProtocol
from tradingmw.accepting import WAITING, Accepting
from tradingmw.env import Env
from tradingmw.lifespan import stopping
from tradingmw.metrics import HEADS_REFUSED

if sys.platform != "win32":
    import resource

logger = logging.getLogger(__name__)
APPLICATION = "tradingmw.asgi:application"
LOOP = "tradingmw.turns:new_loop"
WEBSOCKET_MESSAGE_BYTES = 65_536
PING_SECONDS = 20.0
GRACEFUL_STOP_SECONDS = 3
HEALTH_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})  #: asked all the time
HEAD_BYTES = 32_768  #: request line and headers together
#: From when a connection is taken (or the first byte of a later request) to the end of the headers. In a storm it waits
#: before: the last of 200 that come at once is taken after 0.6 s, and shall be cut off within 5.
HEAD_SECONDS = 4.0
#: So long one thread that computes may keep the others waiting. Python's own 5 ms, once for each call that lets go of
#: the interpreter, leave the ZeroMQ thread far behind a busy loop, and the loop behind threads that serve views.
SWITCH_SECONDS = 0.0005
NAMELESS_LINE = "connection open"  #: of the websockets library, after uvicorn's own with address and path
FILES_BESIDE_SOCKETS = 1_000  #: connections that are no sockets, the database, logs, ZeroMQ
HEAD_TOO_LARGE = b"\r\n".join(
    [
        b"HTTP/1.1 431 Request Header Fields Too Large",
        b"content-type: application/problem+json",
        b"connection: close",
        b"",
        b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,"code":"BODY_TOO_LARGE"}',
    ]
)
SELECTOR_READER = "_read_ready_cb"  #: where asyncio's selector transport keeps a method of its own, and so itself


heads_refused: Counter[str] = Counter(late=0, large=0)
HEADS_REFUSED.read_from(lambda: heads_refused)


def release(transport: asyncio.BaseTransport) -> None:
    """Let a transport that is closed be freed."""
    if hasattr(transport, SELECTOR_READER):
        setattr(transport, SELECTOR_READER, None)


class SocketProtocol(GuardedProtocol, FramesProtocol):
    """uvicorn's WebSocket protocol, bounded towards its client, with ready-made frames."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is sent any more. Of many who are gone at once, each is taken leave of in its turn."""
        self.disconnected = True
        self._look_again()
        if self.close_sent:  # the application knows already
            self._gone(exc)
        else:
            turnstiles(self.loop).departures.enter(partial(self._gone, exc))

    def _gone(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        release(self.transport)

    @classmethod
    def of(cls, env: Env) -> type[SocketProtocol]:
        chosen = {"stall_seconds": float(env.socket_stall_seconds), "compresses": env.socket_compression}
        return type("SocketProtocol", (cls,), chosen)


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with a bound on how large and how slow a request's head may be; httptools has neither.

    A head is refused once it is unfinished after `HEAD_BYTES`, so the most that is ever held is that and one read.
    """

    door: ClassVar[Door | None] = None  #: sends sockets away before anything is made for them

    _head_bytes = 0
    _in_head = True
    _is_known = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)
        release(self.transport)

    def data_received(self, data: bytes) -> None:
        """What comes first on a connection waits for its turn, so that many who come at once do not stop the rest."""
        if self._is_known:
            self._take(data)
            return
        self._is_known = True
        self.transport.pause_reading()
        turnstiles(self.loop).arrivals.enter(partial(self._begin, data))

    def _begin(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.door and (answer := sent_away(self.door, data)):
            self.transport.write(answer)
            self.transport.close()
            return
        self._take(data)
        self.transport.resume_reading()

    def _take(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            heads_refused["large"] += 1
            self.transport.write(HEAD_TOO_LARGE)
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # its work is done, and the two would keep each other

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._head_bytes, self._in_head = 0, True
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _too_late(self) -> None:
        heads_refused["late"] += 1
        self.transport.close()

    def _head_arrived(self) -> None:
        self._in_head = False
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    @classmethod
    def of(cls, door: Door) -> type[BoundedHttpProtocol]:
        return type("BoundedHttpProtocol", (cls,), {"door": door})


class StoppableServer(uvicorn.Server):
    """A server that stops with `stop`: the process's own stop event, signals included."""

    def __init__(self, config: uvicorn.Config, stop: threading.Event) -> None:
        super().__init__(config)
        self._stop = stop
        self._accepting: list[Accepting] = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the stop event's business."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Where the loop has a selector, connections are taken in our way instead of asyncio's."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.SelectorEventLoop):
            for listening in (one for server in self.servers for one in server.sockets):
                loop.remove_reader(listening.fileno())
                self._accepting.append(Accepting(loop, listening, self._protocol))

    def _protocol(self) -> asyncio.Protocol:
        chosen = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
        return chosen(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Clients are told before their connections are closed."""
        await stopping()
        for accepting in self._accepting:
            accepting.close()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Asked ten times a second: shall the server end?"""
        return self._stop.is_set() or await super().on_tick(counter)


class AccessLines(logging.Filter):
    """Cuts query strings out of access lines (a socket's ticket travels there) and drops those of health questions.

    Sockets that are sent away with 503 have no line each: the door counts them and tells of them together. Nor has one
    that is let in a second line, which would not say whose it is.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg == NAMELESS_LINE:
            return False
        if not isinstance(record.args, tuple):
            return True
        record.args = tuple(fact.partition("?")[0] if isinstance(fact, str) else fact for fact in record.args)
        sent_away = 503 in record.args and ("WebSocket" in record.msg or "connection rejected" in record.msg)
        return not sent_away and not HEALTH_PATHS.intersection(fact for fact in record.args if isinstance(fact, str))


def server_config(env: Env) -> uvicorn.Config:
    """uvicorn's settings; every bound explicit."""
    return uvicorn.Config(
        APPLICATION,
        host=env.web_host,
        port=env.web_port,
        loop=LOOP,
        backlog=WAITING,
        http=BoundedHttpProtocol.of(process_door()),
        ws=SocketProtocol.of(env),
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        log_config=None,
        proxy_headers=False,  # tradingmw/client_address.py counts the proxies
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )


def allow_files(env: Env) -> None:
    """Let this process open as many files as its sockets need; where the system refuses, say how many are fewer."""
    if sys.platform == "win32":
        return
    wanted = env.sockets_per_process + FILES_BESIDE_SOCKETS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        logger.warning("The system allows fewer files than sockets need", extra={"allowed": allowed, "wanted": wanted})


def run_web(env: Env, stop: threading.Event) -> None:
    """Serve until `stop` is set; connections then get `GRACEFUL_STOP_SECONDS` to finish."""
    for name in ("uvicorn.access", "uvicorn.error", "django.request"):
        logging.getLogger(name).addFilter(AccessLines())
    allow_files(env)
    sys.setswitchinterval(SWITCH_SECONDS)
    StoppableServer(server_config(env), stop).run()
