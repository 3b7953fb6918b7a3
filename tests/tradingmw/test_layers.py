import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from bridge.sockets.curve import KeyRing, Role, make_keys
from bridge.sockets.exchange import group_topic
from bridge.sockets.pump import Pump
from tests.tradingmw.layer_behaviours import LayerBehaviours, MakeLayer, member, soon
from tradingmw.env import env
from tradingmw.layers import LayerProxy, LayerPublisher, LayerUnavailable, UnknownChannel, ZmqChannelLayer

ANY = "tcp://127.0.0.1:*"
NOWHERE = "tcp://127.0.0.1:1"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    make_keys(directory)
    return directory


@pytest.fixture
def proxy(keys: Path) -> Iterator[LayerProxy]:
    proxy = LayerProxy(KeyRing(keys), ANY, ANY)
    yield proxy
    proxy.stop()


@pytest.fixture
def config(keys: Path, proxy: LayerProxy) -> dict[str, Any]:
    return {
        "keys": str(keys),
        "publish_address": proxy.publish_address,
        "subscribe_address": proxy.subscribe_address,
    }


@pytest.fixture
def pump() -> Iterator[Pump]:
    pump = Pump()
    yield pump
    pump.close()


@pytest.fixture
def make_layer(config: dict[str, Any], pump: Pump) -> MakeLayer:
    return lambda **settings: ZmqChannelLayer(pump=pump, **(config | settings))


class TestZmqChannelLayer(LayerBehaviours):
    """Every behaviour of a layer, on sockets."""

    @pytest.fixture
    def backend(self) -> str:
        return "tradingmw.layers.ZmqChannelLayer"

    @pytest.fixture
    def config(self, config: dict[str, Any]) -> dict[str, Any]:
        return config


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - counters have no event
            await asyncio.sleep(0.002)


def publisher(context: zmq.Context, keys: Path, proxy: LayerProxy) -> LayerPublisher:
    made = LayerPublisher(context, KeyRing(keys), Role.FEED_BRIDGE, proxy.publish_address)
    assert made.wait_connected(20)
    return made


@pytest.fixture
def context() -> Iterator[zmq.Context]:
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


async def test_a_thread_without_a_loop_reaches_the_group(make_layer, context, keys, proxy) -> None:
    layer = make_layer()
    channel = await member(layer, "md.0")
    assert publisher(context, keys, proxy).group_send("md.0", {"type": "frame", "data": b"x"})
    assert await soon(layer.receive(channel)) == {"type": "frame", "data": b"x"}


async def test_without_a_proxy_sending_counts_and_returns(make_layer) -> None:
    layer = make_layer(publish_address=NOWHERE, subscribe_address=NOWHERE, connect_seconds=0.01)
    await soon(layer.group_send("g", {"type": "x"}))
    await soon(layer.send(await layer.new_channel(), {"type": "x"}))
    assert layer.counts() == {"unsent": 2}
    assert not layer.connected


async def test_without_a_proxy_joining_is_a_clear_error_and_no_membership(make_layer) -> None:
    layer = make_layer(publish_address=NOWHERE, subscribe_address=NOWHERE, proof_seconds=0.01)
    channel = await layer.new_channel()
    with pytest.raises(LayerUnavailable, match="did not answer within"):
        await soon(layer.group_add("g", channel))
    assert layer._membership.mailbox(channel).groups == set()


async def test_a_cancelled_join_leaves_no_membership(make_layer) -> None:
    layer = make_layer(publish_address=NOWHERE, subscribe_address=NOWHERE)
    channel = await layer.new_channel()
    joining = asyncio.create_task(layer.group_add("g", channel))
    await asyncio.sleep(0)
    joining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joining
    assert layer._membership.mailbox(channel).groups == set()


async def test_members_stay_members_when_the_proxy_comes_back(make_layer, keys) -> None:
    first = LayerProxy(KeyRing(keys), ANY, ANY)
    layer = make_layer(publish_address=first.publish_address, subscribe_address=first.subscribe_address)
    channel = await member(layer, "g")
    first.stop()
    await eventually(lambda: not layer.connected)
    await soon(layer.group_send("g", {"type": "lost"}))
    assert layer.counts()["unsent"] == 1
    second = LayerProxy(KeyRing(keys), first.publish_address, first.subscribe_address)
    receiving = asyncio.create_task(layer.receive(channel))
    async with asyncio.timeout(20):
        while not receiving.done():
            await layer.group_send("g", {"type": "back"})
            await asyncio.wait({receiving}, timeout=0.01)
    assert receiving.result() == {"type": "back"}
    second.stop()


async def test_a_message_past_its_time_is_not_delivered_but_counted(make_layer) -> None:
    layer = make_layer(expiry=0.0)
    channel = await layer.new_channel()
    receiving = asyncio.create_task(layer.receive(channel))
    await layer.send(channel, {"type": "late"})
    await eventually(lambda: layer.counts() == {"expired": 1})
    assert not receiving.done()
    receiving.cancel()


async def test_drops_over_capacity_are_counted_and_the_oldest_kept(make_layer) -> None:
    layer = make_layer(capacity=3)
    channel = await member(layer, "g")
    for number in range(5):
        await layer.group_send("g", {"type": "x", "n": number})
    await eventually(lambda: layer.counts() == {"full": 2})
    assert [(await soon(layer.receive(channel)))["n"] for _ in range(3)] == [0, 1, 2]


async def test_capacity_can_be_set_for_kinds_of_channels(make_layer) -> None:
    layer = make_layer(capacity=3, channel_capacity={"hub.*": 5})
    channel = await layer.new_channel("hub")
    await layer.group_add("g", channel)
    for number in range(7):
        await layer.group_send("g", {"type": "x", "n": number})
    await eventually(lambda: layer.counts() == {"full": 2})


@pytest.mark.parametrize("body", [b"", b"\xc1", msgspec.msgpack.encode([1]), msgspec.msgpack.encode({1: 2})])
async def test_a_body_that_is_no_message_is_counted_and_skipped(make_layer, context, keys, proxy, body) -> None:
    layer = make_layer()
    channel = await member(layer, "g")
    sender = publisher(context, keys, proxy)
    sender.group_send_encoded("g", body)
    sender.group_send("g", {"type": "sound"})
    assert await soon(layer.receive(channel)) == {"type": "sound"}
    assert layer.counts() == {"malformed": 1}


async def test_frames_that_fit_nothing_disturb_nobody(make_layer, context, keys, proxy) -> None:
    layer = make_layer()
    channel = await member(layer, "g")
    sender = publisher(context, keys, proxy)
    for rest in ([], [b"a", b"b"], [b"a", b"b", b"c"]):
        sender._socket.send_multipart([group_topic("g"), *rest])
    sender.group_send("g", {"type": "sound"})
    assert await soon(layer.receive(channel)) == {"type": "sound"}


async def test_a_channel_of_no_process_is_refused_by_name(make_layer) -> None:
    layer = make_layer()
    for use in (layer.receive("worker"), layer.send("worker", {"type": "x"}), layer.group_add("g", "worker")):
        with pytest.raises(UnknownChannel, match="'worker'"):
            await use


async def test_a_message_for_a_channel_that_is_gone_is_counted(make_layer) -> None:
    one, two = make_layer(), make_layer()
    channel = await one.new_channel()
    await two.send(channel[:-1], {"type": "x"})
    await eventually(lambda: one.counts() == {"unknown": 1})


async def test_a_closed_layer_has_no_members_and_can_be_used_again(make_layer) -> None:
    layer = make_layer()
    channel = await member(layer, "g")
    await layer.close()
    with pytest.raises(UnknownChannel):
        await layer.receive(channel)
    again = await member(layer, "g")
    await layer.group_send("g", {"type": "x"})
    assert await soon(layer.receive(again)) == {"type": "x"}


async def test_a_role_the_proxy_does_not_admit_cannot_join(make_layer, proxy) -> None:
    layer = make_layer(role="recorder", proof_seconds=0.2)
    with pytest.raises(LayerUnavailable):
        await soon(member(layer, "g"))
    assert proxy.gatekeeper.refused[("layer", "key")] >= 1


async def test_addresses_and_keys_come_from_the_settings_where_none_are_given(config, proxy, monkeypatch) -> None:
    monkeypatch.setenv("TMW_KEYS_DIR", config["keys"])
    monkeypatch.setenv("TMW_LAYER_PUBLISH", proxy.publish_address)
    monkeypatch.setenv("TMW_LAYER_SUBSCRIBE", proxy.subscribe_address)
    env.cache_clear()
    layer = ZmqChannelLayer()
    channel = await member(layer, "g")
    await layer.group_send("g", {"type": "x"})
    assert await soon(layer.receive(channel)) == {"type": "x"}
    await layer.close()
    env.cache_clear()
