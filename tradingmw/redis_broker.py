"""How do Celery's messages travel through Redis? By kombu's transports, to one server or to the primary of a service.

Every wait for a message is short, so that a worker sees when it is to stop.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from kombu.transport import TRANSPORT_ALIASES, redis

from tradingmw.redis_address import SENTINEL_PORT, Service, redis_service
from tradingmw.redis_sentinel import sentinel_options

#: Celery waits two seconds at a time; a part that stops has four for everything.
WAIT_SECONDS: Final = 0.5


class Transport(redis.Transport):
    """kombu's own, with an end to every wait."""

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        super().drain_events(connection, timeout=min(timeout or WAIT_SECONDS, WAIT_SECONDS))


class SentinelTransport(Transport):
    """The same with Sentinels."""

    default_port = SENTINEL_PORT
    Channel = redis.SentinelChannel


#: kombu asks for the transport anew, by the scheme of the address, when it goes on to the next Sentinel.
TRANSPORT_ALIASES["sentinel"] = f"{__name__}:{SentinelTransport.__name__}"


def redis_settings(url: str, prefix: str, timeout_seconds: float) -> dict[str, Any]:
    """Celery's settings for a broker at `url`; all its keys begin with `prefix`."""
    transport: type[Transport] = Transport
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "socket_keepalive": True,
        "global_keyprefix": f"{prefix}:celery:",
    }
    if service := redis_service(url):
        url, transport = sentinel_urls(service), SentinelTransport
        options |= {"master_name": service.name, "sentinel_kwargs": sentinel_options(service)}
    return {
        "broker_url": url,
        "broker_transport": f"{__name__}:{transport.__name__}",
        "broker_transport_options": options,
    }


def sentinel_urls(service: Service) -> str:
    """The service as kombu writes it: an address for each Sentinel."""
    words = f"{quote(service.username or '', safe='')}:{quote(service.password or '', safe='')}@"
    login = words if words != ":@" else ""
    return ";".join(f"sentinel://{login}{_host(host)}:{port}/{service.number}" for host, port in service.sentinels)


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name
