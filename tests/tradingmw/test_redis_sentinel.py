"""Do the channel layer, the bridges' publisher and the cache go to whichever server is the primary?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.redis_server import RedisService, free_port
from tests.stack import wait_for
from tests.tradingmw.layer_behaviours import member, soon
from tradingmw.redis_cache import ForgivingRedisCache
from tradingmw.redis_layer import RedisChannelLayer
from tradingmw.redis_publisher import RedisPublisher
from tradingmw.redis_sentinel import redis_server

PREFIX = "tests"
WAIT_SECONDS = 30.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RedisService]:
    service = RedisService(tmp_path)
    try:
        yield service.start()
    finally:
        service.end()


async def test_layer_publisher_and_cache_follow_a_failover(service: RedisService) -> None:
    layer = RedisChannelLayer(url=service.url, prefix=PREFIX)
    publisher = RedisPublisher(service.url, PREFIX)
    cache = ForgivingRedisCache(service.url, {"KEY_PREFIX": PREFIX})
    channel = await member(layer, "g")
    assert publisher.wait_connected(WAIT_SECONDS)
    assert publisher.group_send("g", {"type": "before"})
    assert await soon(layer.receive(channel)) == {"type": "before"}
    cache.set("a", "before")
    assert cache.get("a") == "before"

    service.primary.kill()
    await asyncio.to_thread(wait_for, lambda: not layer.connected, WAIT_SECONDS, "the layer notices")
    assert cache.get("a") is None  # nobody is asked, and nothing is raised
    await asyncio.to_thread(wait_for, lambda: layer.connected and publisher.connected, WAIT_SECONDS, "the new primary")
    assert service.is_promoted()
    assert publisher.group_send("g", {"type": "after"})  # the subscription went along
    assert await soon(layer.receive(channel)) == {"type": "after"}

    def is_stored() -> bool:
        cache.set("b", "after")
        return bool(cache.get("b") == "after")

    await asyncio.to_thread(wait_for, is_stored, WAIT_SECONDS, "the cache on the new primary")
    publisher.close()
    await layer.close()


def test_sentinels_that_answer_nothing_are_given_up_soon(service: RedisService) -> None:
    service.sentinel.freeze()
    began = time.monotonic()
    with pytest.raises(RedisConnectionError):
        redis_server(service.url)
    assert time.monotonic() - began < WAIT_SECONDS / 2  # half a second each, on a machine that is busy
    service.sentinel.thaw()
    found = redis_server(service.url)
    assert (found["host"], found["port"], found["db"]) == ("127.0.0.1", service.primary.port, 0)


def test_without_a_sentinel_there_is_no_server() -> None:
    with pytest.raises(RedisConnectionError):
        redis_server(f"sentinel://127.0.0.1:{free_port()}/tests")


def test_the_address_of_one_server_is_taken_as_it_is() -> None:
    assert redis_server("redis://127.0.0.1:1/0") == {"address": "redis://127.0.0.1:1/0"}
