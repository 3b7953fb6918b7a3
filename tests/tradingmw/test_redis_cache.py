"""Is the cache over Redis a cache, and are requests answered without it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.redis_server import RedisServer
from tests.stack import wait_for
from tradingmw.redis_cache import ForgivingRedisCache


@pytest.fixture
def cache(redis_server: RedisServer) -> Iterator[ForgivingRedisCache]:
    cache = ForgivingRedisCache(redis_server.url, {"KEY_PREFIX": "ours"})
    yield cache
    cache.close()


@pytest.mark.parametrize("value", [None, 7, -1, 0.5, True, "text", b"\xff", [1, "a"], {"a": {"b": []}}], ids=repr)
def test_plain_values_come_back_as_they_were(cache: ForgivingRedisCache, value: Any) -> None:
    cache.set("key", value)
    assert cache.get("key", "absent") == value


def test_what_is_no_plain_data_is_refused(cache: ForgivingRedisCache) -> None:
    with pytest.raises(TypeError):
        cache.set("key", object())


def test_nothing_from_the_server_is_run_as_code(cache: ForgivingRedisCache, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.set(cache.make_key("key"), b"cos\nsystem\n(S'exit 1'\ntR.")
    assert cache.get("key", "miss") == "miss"
    assert cache.get_many(["key"]) == {}


def test_it_counts_adds_and_deletes(cache: ForgivingRedisCache) -> None:
    assert [cache.add("n", 1), cache.add("n", 2), cache.incr("n", 5), cache.has_key("n")] == [True, False, 6, True]
    assert cache.set_many({"a": 1, "b": [2]}) == []
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": [2]}
    cache.delete_many(["a", "b"])
    assert [cache.delete("n"), cache.delete("n"), cache.get_many(["a", "b"])] == [True, False, {}]


def test_clearing_takes_our_keys_alone(cache: ForgivingRedisCache, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.lpush("queue of the broker", "a task")
        cache.set("key", 1)
        cache.clear()
        assert client.keys() == [b"queue of the broker"]


def test_without_a_server_every_call_is_a_miss_and_none_an_error(
    cache: ForgivingRedisCache, redis_server: RedisServer
) -> None:
    redis_server.kill()
    cache.set("key", 1)
    assert cache.faults == 1
    assert [cache.get("key", "miss"), cache.get_many(["key"]), cache.has_key("key")] == ["miss", {}, False]
    assert [cache.add("key", 1), cache.touch("key"), cache.delete("key")] == [False, False, False]
    assert cache.set_many({"a": 1}) == ["a"]
    with pytest.raises(ValueError, match="the cache is gone"):
        cache.incr("key")
    cache.delete_many(["key"])
    cache.clear()
    assert cache.faults == 1  # for a second nobody waits for it again


def test_a_frozen_server_is_a_miss_too_and_soon_a_cache_again(
    cache: ForgivingRedisCache, redis_server: RedisServer
) -> None:
    cache.set("key", 1)
    redis_server.freeze()
    assert cache.get("key") is None
    redis_server.thaw()
    wait_for(lambda: cache.get("key") == 1, 20, "the cache")
