"""Do bridge threads reach the groups through Redis, and never wait for it?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from bridge.sockets.curve import KeyRing, Role, make_keys
from tests.redis_server import RedisServer
from tests.stack import wait_for
from tests.tradingmw.layer_behaviours import member, soon
from tradingmw.env import Env
from tradingmw.layers import LayerPublisher, layer_publisher
from tradingmw.redis_layer import RedisChannelLayer
from tradingmw.redis_publisher import RedisPublisher

PREFIX = "tests"
WAIT_SECONDS = 20.0


@pytest.fixture
def publisher(redis_server: RedisServer) -> Iterator[RedisPublisher]:
    publisher = RedisPublisher(redis_server.url, PREFIX)
    assert publisher.wait_connected(WAIT_SECONDS)
    yield publisher
    publisher.close()


async def test_every_message_reaches_the_group_in_order(publisher: RedisPublisher, redis_server: RedisServer) -> None:
    layer = RedisChannelLayer(url=redis_server.url, prefix=PREFIX, capacity=1000)
    channel = await member(layer, "md.0")
    for number in range(500):
        assert publisher.group_send("md.0", {"type": "frame", "n": number, "data": b"\xff"})
    assert [(await soon(layer.receive(channel)))["n"] for _ in range(500)] == list(range(500))
    await layer.close()


def test_a_frozen_server_costs_messages_and_never_holds_the_caller(
    publisher: RedisPublisher, redis_server: RedisServer
) -> None:
    redis_server.freeze()
    body = bytes(1_000_000)
    sent = [publisher.group_send("md.0", {"type": "frame", "data": body}) for _ in range(40)]
    assert not all(sent)  # 16 MiB may wait, no more
    assert publisher.dropped >= sent.count(False)
    wait_for(lambda: not publisher.connected, WAIT_SECONDS, "the publisher's notice that the server is frozen")
    redis_server.thaw()
    assert publisher.wait_connected(WAIT_SECONDS)


async def test_after_a_kill_it_sends_again(publisher: RedisPublisher, redis_server: RedisServer) -> None:
    redis_server.kill()
    wait_for(lambda: not publisher.group_send("g", {"type": "x"}), WAIT_SECONDS, "a dropped message")
    redis_server.start()
    assert publisher.wait_connected(WAIT_SECONDS)
    layer = RedisChannelLayer(url=redis_server.url, prefix=PREFIX)
    channel = await member(layer, "g")
    assert publisher.group_send("g", {"type": "back"})
    assert await soon(layer.receive(channel)) == {"type": "back"}
    await layer.close()


def test_without_a_server_it_drops_counts_and_closes() -> None:
    publisher = RedisPublisher("redis://127.0.0.1:1/0", PREFIX)
    assert [publisher.group_send("g", {"type": "x"}) for _ in range(3)] == [False] * 3
    assert publisher.dropped == 3
    publisher.close()


def test_closing_sends_what_waits(redis_server: RedisServer) -> None:
    publisher = RedisPublisher(redis_server.url, PREFIX)
    assert publisher.wait_connected(WAIT_SECONDS)
    with redis_server.client() as client, client.pubsub() as listener:
        listener.subscribe(f"{PREFIX}__group__g")
        listener.get_message(timeout=WAIT_SECONDS)
        for _ in range(100):
            publisher.group_send("g", {"type": "x"})
        publisher.close()
        assert [listener.get_message(timeout=WAIT_SECONDS)["type"] for _ in range(100)] == ["message"] * 100
    assert not any(thread.name == "redis-publisher" for thread in threading.enumerate())


def test_the_setting_chooses_the_publisher(tmp_path: Path, redis_server: RedisServer) -> None:
    make_keys(tmp_path / "keys")
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    kinds = []
    for url in ("", redis_server.url):
        env = Env(data_dir=tmp_path, redis_url=url)
        publisher = layer_publisher(env, context, KeyRing(env.keys), Role.ORDER_BRIDGE)
        kinds.append(type(publisher))
        publisher.close()
    context.destroy(linger=0)
    assert kinds == [LayerPublisher, RedisPublisher]
