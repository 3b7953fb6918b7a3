"""Is the layer over Redis like the embedded one, and what is left of it while the server is gone?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.redis_server import RedisServer
from tests.tradingmw.layer_behaviours import LayerBehaviours, MakeLayer, member, soon
from tradingmw.redis_layer import RedisChannelLayer

PREFIX = "tests"


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.end()


def layers(url: str) -> Iterator[MakeLayer]:
    made: list[RedisChannelLayer] = []

    def make(**settings: Any) -> RedisChannelLayer:
        made.append(RedisChannelLayer(**({"url": url, "prefix": PREFIX} | settings)))
        return made[-1]

    yield make
    for layer in made:
        asyncio.run(layer.close())


@pytest.fixture
def make_layer(shared_server: RedisServer) -> Iterator[MakeLayer]:
    yield from layers(shared_server.url)


@pytest.fixture
def make_own(redis_server: RedisServer) -> Iterator[MakeLayer]:
    """Layers on a server that the test may hurt."""
    yield from layers(redis_server.url)


class TestRedisChannelLayer(LayerBehaviours):
    """Every behaviour of a layer, on a real server."""

    @pytest.fixture
    def backend(self) -> str:
        return "tradingmw.redis_layer.RedisChannelLayer"

    @pytest.fixture
    def config(self, shared_server: RedisServer) -> dict[str, Any]:
        return {"url": shared_server.url, "prefix": PREFIX}


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - counters have no event
            await asyncio.sleep(0.005)


async def arrives(layer: Any, channel: str, sender: Any, group: str) -> None:
    """Some message sent from now on reaches `channel`."""
    receiving = asyncio.create_task(layer.receive(channel))
    async with asyncio.timeout(20):
        while not receiving.done():
            await sender.group_send(group, {"type": "again"})
            await asyncio.wait({receiving}, timeout=0.02)
    assert receiving.result() == {"type": "again"}


async def test_a_stock_pubsub_layer_hears_ours_and_is_heard(make_layer, shared_server) -> None:
    ours, stock = make_layer(), RedisPubSubChannelLayer(hosts=[shared_server.url], prefix=PREFIX)
    here, there = await member(ours, "g"), await member(stock, "g")
    await arrives(stock, there, ours, "g")
    await stock.group_send("g", {"type": "from stock"})
    while await soon(ours.receive(here)) != {"type": "from stock"}:
        pass
    await stock.flush()


async def test_installations_on_one_server_do_not_hear_each_other(make_layer) -> None:
    ours, theirs = make_layer(), make_layer(prefix="others")
    channel = await member(ours, "g")
    await theirs.group_send("g", {"type": "theirs"})
    await ours.group_send("g", {"type": "ours"})
    assert await soon(ours.receive(channel)) == {"type": "ours"}


async def test_members_stay_members_when_the_server_was_killed_and_is_back(make_own, redis_server) -> None:
    layer, sender = make_own(), make_own()
    channel = await member(layer, "g")
    await sender.group_send("warm", {"type": "x"})
    redis_server.kill()
    await eventually(lambda: not layer.connected and not sender.connected)
    await soon(sender.group_send("g", {"type": "lost"}))
    assert sender.counts()["unsent"] >= 1
    redis_server.start()
    await arrives(layer, channel, sender, "g")


async def test_a_frozen_server_is_noticed_and_forgiven(make_own, redis_server) -> None:
    layer = make_own()
    channel = await member(layer, "g")
    redis_server.freeze()
    await eventually(lambda: not layer.connected)
    await soon(layer.group_send("g", {"type": "lost"}))
    redis_server.thaw()
    await eventually(lambda: layer.connected)
    await arrives(layer, channel, layer, "g")


async def test_a_group_joined_while_the_server_is_gone_is_heard_once_it_is_there(make_own, redis_server) -> None:
    redis_server.kill()
    layer = make_own(connect_seconds=0.01, proof_seconds=0.05)
    channel = await soon(member(layer, "g"))
    assert layer.counts()["unproven"] == 1
    redis_server.start()
    await arrives(layer, channel, layer, "g")


async def test_without_a_server_sending_counts_and_returns(tmp_path: Path) -> None:
    layer = RedisChannelLayer(url="redis://127.0.0.1:1/0", prefix=PREFIX, connect_seconds=0.01)
    for _ in range(3):
        await soon(layer.group_send("g", {"type": "x"}))
    assert layer.counts() == {"unsent": 3}
    assert not layer.connected
    await layer.close()


async def test_a_connection_that_the_server_cuts_is_made_anew(make_own, redis_server) -> None:
    layer = make_own()
    channel = await member(layer, "g")
    with redis_server.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await eventually(lambda: layer._line.counts["connected"] == 2)
    await arrives(layer, channel, layer, "g")


async def test_a_burst_beyond_the_outbox_is_dropped_and_counted_and_nothing_waits(make_own, redis_server) -> None:
    layer = make_own()
    await member(layer, "g")
    redis_server.freeze()
    await eventually(lambda: not layer.connected or layer._line.publish([b"g:g\0", bytes(100_000)]) is False)
    assert layer.counts()["unsent"] >= 1
    redis_server.thaw()


async def test_emptying_the_server_takes_no_membership(make_own, redis_server) -> None:
    layer = make_own()
    channel = await member(layer, "g")
    with redis_server.client() as client:
        client.flushall()
    await layer.group_send("g", {"type": "x"})
    assert await soon(layer.receive(channel)) == {"type": "x"}


async def test_what_is_no_message_is_counted_and_disturbs_nobody(make_own, redis_server) -> None:
    layer = make_own()
    channel = await member(layer, "g")
    with redis_server.client() as client:
        for body in (b"", b"\xc1", b"\x93\x01\x02\x03", b"text"):
            client.publish(f"{PREFIX}__group__g", body)
    await layer.group_send("g", {"type": "sound"})
    assert await soon(layer.receive(channel)) == {"type": "sound"}
    assert layer.counts() == {"malformed": 4}


async def test_a_closed_layer_can_be_used_again(make_layer) -> None:
    layer = make_layer()
    await member(layer, "g")
    await layer.close()
    again = await member(layer, "g")
    await layer.group_send("g", {"type": "x"})
    assert await soon(layer.receive(again)) == {"type": "x"}
