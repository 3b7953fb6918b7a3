"""Do Celery's messages go where the address says, to one server or to the primary that Sentinels name?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from tests.redis_server import RedisServer, RedisService
from tests.stack import wait_for
from tradingmw.redis_address import redis_service
from tradingmw.redis_broker import SentinelTransport, Transport, redis_settings, sentinel_urls

TIMEOUT_SECONDS, WAIT_SECONDS = 3.0, 30.0
PREFIX = "tests"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RedisService]:
    service = RedisService(tmp_path)
    try:
        yield service.start()
    finally:
        service.end()


def connected(url: str) -> Connection:
    settings = redis_settings(url, PREFIX, TIMEOUT_SECONDS)
    return Connection(
        settings["broker_url"],
        transport=settings["broker_transport"],
        transport_options=settings["broker_transport_options"],
    )


def passed_on(connection: Connection, message: dict[str, Any]) -> dict[str, Any] | None:
    """The message, through the broker and back; None while there is none."""
    try:
        with connection.clone() as fresh, fresh.SimpleQueue("q") as queue:
            queue.put(message)
            found = queue.get(timeout=1)
            found.ack()
            return dict(found.payload)
    except (Empty, *connection.connection_errors):
        return None


def test_an_address_of_one_server_stays_as_it_is(redis_server: RedisServer) -> None:
    settings = redis_settings(redis_server.url, PREFIX, TIMEOUT_SECONDS)
    assert settings["broker_url"] == redis_server.url
    with connected(redis_server.url) as connection:
        assert type(connection.transport) is Transport
        assert passed_on(connection, {"n": 1}) == {"n": 1}


def test_each_sentinel_is_an_address_of_kombus() -> None:
    service = redis_service("sentinel://me:p%40ss@a:1,[::1]:2/desk/3")
    assert service is not None
    assert sentinel_urls(service) == "sentinel://me:p%40ss@a:1/3;sentinel://me:p%40ss@[::1]:2/3"
    service = redis_service("sentinel://a/desk")
    assert service is not None
    assert sentinel_urls(service) == "sentinel://a:26379/0"


def test_messages_follow_a_failover(service: RedisService) -> None:
    with connected(service.url) as connection:
        assert passed_on(connection, {"n": 1}) == {"n": 1}
        service.primary.kill()
        found = wait_for(lambda: passed_on(connection, {"n": 2}), WAIT_SECONDS, "the new primary", service.sentinel.log)
        assert found == {"n": 2}
        assert service.is_promoted()
        assert type(connection.transport) is SentinelTransport


def test_another_sentinel_is_asked_by_the_same_transport(service: RedisService) -> None:
    with connected(service.url) as connection:
        connection.maybe_switch_next()
        assert type(connection.transport) is SentinelTransport
