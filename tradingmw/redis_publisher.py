"""How do bridge threads, which have no event loop and must never wait, send to the channel layer's groups in Redis?

They put messages into a bounded outbox; a thread of the publisher's own sends what waits, many in one round trip. A
server that is gone, frozen or slow costs messages (counted, said now and then) and nothing else.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import msgspec
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.sockets.exchange import group_topic
from bridge.sockets.throttle import Throttle
from tradingmw.redis_sentinel import redis_pool
from tradingmw.redis_wire import FAULTS, PATIENCE_SECONDS, RETRY_SECONDS, Outbox, redis_name

logger = logging.getLogger(__name__)

BATCH = 200  #: messages in one round trip
IDLE_SECONDS = 1.0  #: after so long without a message the server is asked whether it is there
END_SECONDS = 1.0  #: how long closing waits for what is under way


class RedisPublisher:
    """Sends to groups from any thread. `dropped` counts what could not be sent, `connected` says how the server is."""

    def __init__(self, url: str, prefix: str) -> None:
        self.dropped = 0
        self.connected = False
        self._prefix = prefix
        self._redis = _client(url)
        self._outbox = Outbox()
        self._due = threading.Event()
        self._change = threading.Condition()
        self._closing = False
        self._throttle = Throttle()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="redis-publisher", daemon=True)
        self._thread.start()

    def group_send(self, group: str, message: dict[str, Any]) -> bool:
        """Queue `message` (with its `type`) for all members of `group`; False where it was dropped. Never blocks."""
        name = redis_name(self._prefix, group_topic(group))
        if self.connected and self._outbox.put(name, msgspec.msgpack.encode(message)):
            self._due.set()
            return True
        self._count_dropped(1)
        return False

    def wait_connected(self, timeout_seconds: float) -> bool:
        """Whether the server is there, at the latest after the time-out."""
        with self._change:
            return self._change.wait_for(lambda: self.connected, timeout_seconds)

    def close(self) -> None:
        """Send what waits, as far as the server takes it at once; harmless when repeated."""
        self._closing = True
        self._due.set()
        self._thread.join(END_SECONDS)

    # --- in its thread -----------------------------------------------------------------------------------------------
    def _run(self) -> None:
        pause = threading.Event()
        while not self._closing:
            try:
                self._serve()
            except FAULTS as error:
                self._say_gone(error)
            except Exception:
                logger.exception("Publishing to Redis failed in a way that was not foreseen")
            self._set_connected(False)
            self._count_dropped(len(self._outbox.take(len(self._outbox))))
            if not self._closing:
                pause.wait(RETRY_SECONDS)
        self._redis.close()

    def _serve(self) -> None:
        """Until it is closed or the server fails."""
        self._redis.ping()
        self._set_connected(True)
        while not self._closing or len(self._outbox):
            if not self._due.wait(IDLE_SECONDS):
                self._redis.ping()
            self._due.clear()
            while batch := self._outbox.take(BATCH):
                self._publish(batch)

    def _publish(self, batch: list[tuple[str, bytes]]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for name, body in batch:
            pipeline.publish(name, body)
        try:
            pipeline.execute()
        except FAULTS:
            self._count_dropped(len(batch))  # some may have arrived: at most once is all that is promised
            raise

    def _set_connected(self, connected: bool) -> None:
        with self._change:
            if connected and not self.connected:
                logger.info("Redis takes channel-layer messages", extra={"dropped": self.dropped})
            self.connected = connected
            self._change.notify_all()

    def _say_gone(self, error: Exception) -> None:
        if self._throttle.due():
            logger.warning("Redis takes no channel-layer messages", extra={"why": str(error), "dropped": self.dropped})

    def _count_dropped(self, messages: int) -> None:
        with self._lock:
            self.dropped += messages


def _client(url: str) -> Redis:
    """Nothing is tried again inside the client: what failed is old, and a new connection is made outside."""
    pool = redis_pool(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
