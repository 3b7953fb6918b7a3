"""How is a process connected to the channel layer's groups in Redis? One plain thread with a loop of its own.

It carries what `GroupLayer` subscribes to and publishes, over the connection of channels-redis' pub/sub layer. That
connection is made anew after every fault: it reconnects by itself, but tells nobody, holds its lock over a server that
does not answer, and queues without a bound. Each second a pulse goes round through the server; while none comes back
the line counts as broken, so that a frozen server, or a subscription that died alone, is noticed like a closed one.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from channels_redis.pubsub import RedisSingleShardConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bridge.sockets.throttle import Throttle
from tradingmw.redis_sentinel import redis_server
from tradingmw.redis_wire import FAULTS, PATIENCE_SECONDS, RETRY_SECONDS, Outbox, as_body, as_frames, redis_name

logger = logging.getLogger(__name__)

PULSE_SECONDS = 1.0
PULSE_AGAIN_SECONDS = 0.05  #: the first one may come before its subscription is in force
READ_SECONDS = 5.0  #: one wait for a message; the pulses tell whether the server lives
END_SECONDS = 1.0  #: how long closing waits; a part has less than three seconds to stop


class Connection(RedisSingleShardConnection):  # type: ignore[misc]
    """channels-redis' connection, except that its owner runs the receive loop, which ends with the first fault."""

    def __init__(self, server: dict[str, Any], on_message: Callable[[str, bytes], None]) -> None:
        host = {
            **server,
            "socket_connect_timeout": PATIENCE_SECONDS,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(host, channel_layer=None)
        self._on_message = on_message

    # The client's own `socket_timeout` goes through `asyncio.wait_for`, which may swallow a cancellation (Python 3.11).
    async def publish(self, name: str, body: bytes) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await super().publish(name, body)

    async def subscribe(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await super().subscribe(name)

    async def unsubscribe(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await super().unsubscribe(name)

    def _ensure_receiver(self) -> None:
        """Its own receive loop survives faults in silence: not used."""

    async def receive_always(self) -> NoReturn:
        """Needs a subscription; raises what ends the connection."""
        while True:
            message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=READ_SECONDS)
            if message is not None:
                self._on_message(message["channel"].decode(), message["data"])


class RedisLine:
    """A `Line` to the Redis server of `url`, or to the primary that the Sentinels there name at each connection.

    `on_message(frames)` (topic first) and `on_connected()` run in its thread. `counts`: "unsent", "connected", "faults"
    (connections that ended).
    """

    def __init__(
        self, url: str, prefix: str, on_message: Callable[[list[bytes]], None], on_connected: Callable[[], None]
    ) -> None:
        self.counts: Counter[str] = Counter(unsent=0, connected=0, faults=0)
        self.connected = False
        self._url, self._prefix = url, prefix
        self._on_message, self._on_connected = on_message, on_connected
        self._wanted: dict[str, bytes] = {}  #: Redis channel → topic, in the order of subscribing
        self._outbox = Outbox()
        self._pulse_name = f"{prefix}.pulse:{uuid.uuid4().hex}"
        self._throttle = Throttle()
        self._lock = threading.Lock()
        self._lost_at = 0.0
        self._loop = asyncio.new_event_loop()
        self._changed, self._due, self._pulsed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._task = self._loop.create_task(self._live())
        self._thread = threading.Thread(target=self._run, name="redis-line", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    # --- from any thread ---------------------------------------------------------------------------------------------
    def subscribe(self, topic: bytes) -> None:
        with self._lock:
            self._wanted[redis_name(self._prefix, topic)] = topic
        self._call(self._changed.set)

    def unsubscribe(self, topic: bytes) -> None:
        with self._lock:
            self._wanted.pop(redis_name(self._prefix, topic), None)
        self._call(self._changed.set)

    def publish(self, frames: list[bytes]) -> bool:
        """False where the server is not there or the outbox is full; it is counted."""
        if self.connected and self._outbox.put(redis_name(self._prefix, frames[0]), as_body(frames)):
            self._call(self._due.set)
            return True
        self._count_unsent(1)
        return False

    def close(self) -> None:
        """End the thread; harmless when repeated."""
        atexit.unregister(self.close)
        self._call(self._task.cancel)
        if threading.current_thread() is not self._thread:
            self._thread.join(END_SECONDS)

    def _call(self, function: Callable[[], Any]) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody is left to tell
            self._loop.call_soon_threadsafe(function)

    def _count_unsent(self, messages: int) -> None:
        with self._lock:
            self.counts["unsent"] += messages

    # --- in its thread -----------------------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        finally:
            self.connected = False
            self._loop.close()

    async def _live(self) -> NoReturn:
        """One connection after another, until cancelled."""
        while True:
            try:
                await self._connection()
            except* FAULTS as faults:
                self._broken(faults.exceptions[0])
            except* Exception as faults:
                self._broken(faults.exceptions[0])
                logger.exception("The line to Redis failed in a way that was not foreseen")
            await asyncio.sleep(RETRY_SECONDS)

    async def _connection(self) -> None:
        """From connecting to the first fault."""
        # Asked in a thread of its own: Sentinels that do not answer must not hold up the end of the line.
        connection = Connection(await asyncio.to_thread(redis_server, self._url), self._received)
        try:
            await connection.subscribe(self._pulse_name)
            async with asyncio.TaskGroup() as tasks:
                for work in (self._follow_wanted, self._publish, self._pulse):
                    tasks.create_task(work(connection))
                tasks.create_task(connection.receive_always())
        finally:
            self.connected = False
            self._count_unsent(len(self._outbox.take(len(self._outbox))))
            with suppress(*FAULTS):
                await connection.flush()

    async def _follow_wanted(self, connection: Connection) -> NoReturn:
        """Subscribe in the order of the calls: a topic that works proves those before it."""
        subscribed: dict[str, None] = {}
        while True:
            self._changed.clear()
            with self._lock:
                wanted = list(self._wanted)
            for name in [name for name in wanted if name not in subscribed]:
                await connection.subscribe(name)
                subscribed[name] = None
            for name in subscribed.keys() - wanted:
                await connection.unsubscribe(name)
                del subscribed[name]
            await self._changed.wait()

    async def _publish(self, connection: Connection) -> NoReturn:
        while True:
            self._due.clear()
            while taken := self._outbox.take(1):
                try:
                    await connection.publish(*taken[0])
                except BaseException:
                    self._count_unsent(1)
                    raise
            await self._due.wait()

    async def _pulse(self, connection: Connection) -> NoReturn:
        """Send a pulse and wait for it: both ways through the server work."""
        while True:
            self._pulsed.clear()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not self._pulsed.is_set():
                    await connection.publish(self._pulse_name, b"")
                    with suppress(TimeoutError):
                        async with asyncio.timeout(PULSE_AGAIN_SECONDS):
                            await self._pulsed.wait()
            if not self.connected:
                self._whole()
            await asyncio.sleep(PULSE_SECONDS)

    def _received(self, name: str, body: bytes) -> None:
        if name == self._pulse_name:
            self._pulsed.set()
        elif (topic := self._wanted.get(name)) is not None:
            self._on_message(as_frames(topic, body))

    def _whole(self) -> None:
        self.connected = True
        self.counts["connected"] += 1
        seconds = round(time.monotonic() - self._lost_at, 1) if self._lost_at else 0.0
        logger.info("The channel layer is connected to Redis", extra={"after_seconds": seconds, **self.counts})
        self._lost_at = 0.0
        self._on_connected()

    def _broken(self, fault: BaseException) -> None:
        self.counts["faults"] += 1
        self._lost_at = self._lost_at or time.monotonic()
        if self._throttle.due():
            logger.warning(
                "The channel layer has no Redis", extra={"why": str(fault) or type(fault).__name__, **self.counts}
            )
