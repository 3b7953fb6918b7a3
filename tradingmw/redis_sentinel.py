"""Which server is the primary of a Redis service now? Its Sentinels are asked, whenever a connection is made.

A connection ends when its server dies or is demoted (Sentinel closes it then), the next one finds the successor. Until
there is one, connecting fails like a server that is gone, and whoever needs Redis does what it does without.
"""

from __future__ import annotations

from typing import Any, Final

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from tradingmw.redis_address import Service, redis_service

ASK_SECONDS: Final = 0.5  #: one Sentinel may take; then the next is asked


def redis_pool(url: str, **options: Any) -> ConnectionPool:
    """Connections to the server at `url`, or to the primary of the service there; options are the client library's."""
    service = redis_service(url)
    if service is None:
        return ConnectionPool.from_url(url, **options)
    seconds = min(ASK_SECONDS, options.get("socket_timeout", ASK_SECONDS))
    words = {**login(service), **options}
    return SentinelConnectionPool(service.name, sentinels_of(service, seconds), **words)  # type: ignore[no-untyped-call]


def redis_server(url: str) -> dict[str, Any]:
    """What channels-redis takes as a host: `url` itself, or the primary of the service there.

    Asking blocks, for `ASK_SECONDS` per Sentinel at most; `redis.ConnectionError` where none of them knows a primary.
    """
    service = redis_service(url)
    if service is None:
        return {"address": url}
    sentinels = sentinels_of(service)
    try:
        host, port = sentinels.discover_master(service.name)  # type: ignore[no-untyped-call]
    finally:
        for client in sentinels.sentinels:
            client.close()
    return {"host": host, "port": port, **login(service)}


def login(service: Service) -> dict[str, Any]:
    """What the service's servers ask for."""
    return {"db": service.number, "username": service.username, "password": service.password}


def sentinels_of(service: Service, seconds: float = ASK_SECONDS) -> Sentinel:
    options = sentinel_options(service, seconds)
    return Sentinel(service.sentinels, sentinel_kwargs=options)  # type: ignore[no-untyped-call]


def sentinel_options(service: Service, seconds: float = ASK_SECONDS) -> dict[str, Any]:
    """How a Sentinel is spoken to: one that does not answer at once is not asked again, others are there for that."""
    return {
        "username": service.sentinel_username,
        "password": service.sentinel_password,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), 0),
    }
