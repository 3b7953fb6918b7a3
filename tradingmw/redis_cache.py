"""What becomes of a request when the cache is gone? It is answered all the same: the cache holds nothing of its own.

Django's Redis cache, with three differences. A server that is gone, frozen or refuses is a miss (reads) or "not stored"
(writes), and is then left alone for a second, so that not every request waits for it. Values are plain data, carried as
MessagePack: whoever can write to the server must not be able to run code here, which a pickle would let them. And
`clear` takes away this installation's keys alone: others, the task broker among them, live on the server too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

import msgspec
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.sockets.throttle import Throttle
from tradingmw.redis_sentinel import redis_pool
from tradingmw.redis_wire import FAULTS

logger = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 0.25  #: a cache that takes longer than the database is none
LEAVE_ALONE_SECONDS: Final = 1.0
KEYS_PER_DELETE: Final = 500

P = ParamSpec("P")
R = TypeVar("R")


class PlainSerializer:
    """Whole numbers as Redis counts them (for `incr`), everything else as MessagePack."""

    def dumps(self, value: Any) -> int | bytes:
        """`TypeError` for what is no plain data."""
        return value if type(value) is int else msgspec.msgpack.encode(value)

    def loads(self, data: bytes) -> Any:
        try:
            return int(data)
        except ValueError:
            return msgspec.msgpack.decode(data)


class Pool:
    """Django makes its connections through this class."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> ConnectionPool:
        """To one server, or to the primary that Sentinels name."""
        return redis_pool(url, **options)


class ForgivingRedisCache(RedisCache):
    """`faults` counts calls that failed. Nothing may rely on it: `add` is no lock, `incr` no count that must hold."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__([server], params)  # a list: Django would split the address of several Sentinels
        self._options: dict[str, Any] = {
            "serializer": PlainSerializer,
            "pool_class": Pool,
            "socket_timeout": PATIENCE_SECONDS,
            "socket_connect_timeout": PATIENCE_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            **self._options,
        }
        self.faults = 0
        self._gone_until = 0.0
        self._throttle = Throttle()

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._or(default, super().get, key, default, version)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._or(False, super().add, key, value, timeout, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._or(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._or(False, super().touch, key, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._or(False, super().delete, key, version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._or({}, super().get_many, keys, version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._or(False, super().has_key, key, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """`ValueError` where there is no such key, or no server."""
        if (number := self._or(None, super().incr, key, delta, version)) is None:
            raise ValueError(f"{key!r} is not there: the cache is gone")
        return int(number)

    def set_many(self, data: dict[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[Any]:
        """The keys that were not stored."""
        return self._or(list(data), super().set_many, data, timeout, version)

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._or(None, super().delete_many, keys, version)

    def clear(self) -> None:
        self._or(None, self._clear)

    def _clear(self) -> None:
        client = self._cache.get_client(None, write=True)
        found = list(client.scan_iter(f"{self.key_prefix}:*"))
        for start in range(0, len(found), KEYS_PER_DELETE):
            client.delete(*found[start : start + KEYS_PER_DELETE])

    def _or(self, otherwise: R, method: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `method` returns; `otherwise` where the server fails or is left alone."""
        if time.monotonic() >= self._gone_until:
            try:
                return method(*args, **kwargs)  # type: ignore[no-any-return]
            except FAULTS as error:
                self._gone_until = time.monotonic() + LEAVE_ALONE_SECONDS
                self._failed("The cache has no Redis", error)
            except msgspec.DecodeError as error:
                self._failed("A cached value cannot be read", error)
        return otherwise

    def _failed(self, sentence: str, error: Exception) -> None:
        self.faults += 1
        if self._throttle.due():
            logger.warning(sentence, extra={"why": str(error), "faults": self.faults})
