"""What must every channel layer of this project do, whatever carries it?

A test module subclasses `LayerBehaviours` and provides the fixture `make_layer`: called with layer settings, it returns
a layer that stands for one process; all of one test share a network.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
PEER = Path(__file__).parent / "layer_peer.py"
MEBIBYTE = 1024 * 1024

MakeLayer = Callable[..., Any]


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, 20)


async def member(layer: Any, *groups: str) -> str:
    """A new channel that belongs to `groups`."""
    channel = await layer.new_channel()
    for group in groups:
        await layer.group_add(group, channel)
    return channel


class LayerBehaviours:
    """Collected through its subclasses only: its name does not begin with Test."""

    @pytest.fixture
    def backend(self) -> str:
        """Import path of the layer class, for a second process."""
        raise NotImplementedError

    @pytest.fixture
    def config(self) -> dict[str, Any]:
        """Its settings, as JSON takes them."""
        raise NotImplementedError

    async def test_a_group_message_reaches_every_member_in_every_process(self, make_layer: MakeLayer) -> None:
        one, two = make_layer(), make_layer()
        members = [(layer, await member(layer, "g")) for layer in (one, one, two)]
        await one.group_send("g", {"type": "hello", "n": 1})
        assert [await soon(layer.receive(channel)) for layer, channel in members] == [{"type": "hello", "n": 1}] * 3

    async def test_each_member_has_a_message_of_its_own(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        first, second = await member(layer, "g"), await member(layer, "g")
        await layer.group_send("g", {"type": "x", "list": []})
        (await soon(layer.receive(first)))["list"].append("changed")
        assert await soon(layer.receive(second)) == {"type": "x", "list": []}

    async def test_what_the_sender_changes_afterwards_is_not_received(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        channel = await member(layer, "g")
        message = {"type": "x", "n": 1}
        await layer.group_send("g", message)
        message["n"] = 2
        assert await soon(layer.receive(channel)) == {"type": "x", "n": 1}

    async def test_once_group_add_returns_nothing_is_missed(self, make_layer: MakeLayer) -> None:
        receiver, sender = make_layer(), make_layer()
        await sender.group_send("warm", {"type": "up"})
        for number in range(100):
            channel = await member(receiver, f"g{number}")
            await sender.group_send(f"g{number}", {"type": "first", "n": number})
            assert (await soon(receiver.receive(channel)))["n"] == number

    async def test_joining_at_the_same_moment_each_is_in_force(self, make_layer: MakeLayer) -> None:
        receiver, sender = make_layer(), make_layer()
        await sender.group_send("warm", {"type": "up"})
        channels = await asyncio.gather(*(member(receiver, "same", f"own.{n}") for n in range(20)))
        await sender.group_send("same", {"type": "all"})
        assert [await soon(receiver.receive(channel)) for channel in channels] == [{"type": "all"}] * 20

    async def test_leaving_and_joining_again_nothing_is_missed(self, make_layer: MakeLayer) -> None:
        receiver, sender = make_layer(), make_layer()
        await sender.group_send("warm", {"type": "up"})
        channel = await member(receiver)
        for number in range(50):
            await receiver.group_add("g", channel)
            await sender.group_send("g", {"type": "x", "n": number})
            assert (await soon(receiver.receive(channel)))["n"] == number
            await receiver.group_discard("g", channel)

    async def test_other_groups_are_not_heard(self, make_layer: MakeLayer) -> None:
        layer, sender = make_layer(), make_layer()
        channel = await member(layer, "ab")
        for group in ("a", "abc", "b", "AB", "ab.c", "ab"):
            await sender.group_send(group, {"type": group})
        assert await soon(layer.receive(channel)) == {"type": "ab"}

    async def test_after_leaving_a_group_it_is_not_heard(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        channel, stayed = await member(layer, "left", "kept"), await member(layer, "left")
        await layer.group_discard("left", channel)
        await layer.group_send("left", {"type": "left"})
        await layer.group_send("kept", {"type": "kept"})
        assert await soon(layer.receive(channel)) == {"type": "kept"}
        assert await soon(layer.receive(stayed)) == {"type": "left"}

    async def test_leaving_what_was_never_joined_is_harmless(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        await layer.group_discard("never", await member(layer))

    async def test_joining_twice_delivers_once(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        channel = await member(layer, "g", "g")
        for number in range(2):
            await layer.group_send("g", {"type": "x", "n": number})
        assert [(await soon(layer.receive(channel)))["n"] for _ in range(2)] == [0, 1]

    async def test_the_order_of_one_sender_is_kept(self, make_layer: MakeLayer) -> None:
        layer, sender = make_layer(capacity=1000), make_layer()
        channel = await member(layer, "a", "b")
        for number in range(500):
            await sender.group_send("ab"[number % 2], {"type": "x", "n": number})
        assert [(await soon(layer.receive(channel)))["n"] for _ in range(500)] == list(range(500))

    async def test_a_channel_over_capacity_loses_messages_and_no_other_does(self, make_layer: MakeLayer) -> None:
        layer = make_layer(capacity=10)
        slow, quick = await member(layer, "g"), await member(layer, "g")
        for number in range(30):
            await layer.group_send("g", {"type": "x", "n": number})
            assert (await soon(layer.receive(quick)))["n"] == number
        kept = [(await soon(layer.receive(slow)))["n"] for _ in range(10)]
        assert kept == sorted(set(kept))
        await layer.group_send("g", {"type": "x", "n": 30})
        assert (await soon(layer.receive(slow)))["n"] == 30

    async def test_a_message_can_be_sent_to_one_channel_of_any_process(self, make_layer: MakeLayer) -> None:
        one, two = make_layer(), make_layer()
        channel, bystander = await member(one, "g"), await member(one, "g")
        await two.send(channel, {"type": "private"})
        assert await soon(one.receive(channel)) == {"type": "private"}
        await two.group_send("g", {"type": "all"})
        assert await soon(one.receive(bystander)) == {"type": "all"}

    async def test_channel_names_are_never_repeated(self, make_layer: MakeLayer) -> None:
        one, two = make_layer(), make_layer()
        names = [await layer.new_channel() for layer in (one, two) for _ in range(50)]
        assert len(set(names)) == 100

    async def test_a_cancelled_receive_loses_nothing(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        channel = await member(layer, "g")
        for number in range(20):
            receiving = asyncio.create_task(layer.receive(channel))
            await asyncio.sleep(0)
            receiving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await receiving
            await layer.group_send("g", {"type": "x", "n": number})
            assert (await soon(layer.receive(channel)))["n"] == number

    @pytest.mark.parametrize(
        "content",
        [None, True, 0, -(2**63), 2**64 - 1, 0.5, "ünï\0", b"\x00\xff", [], [1, [2, [3]]], {"a": {"b": [{}]}}],
        ids=repr,
    )
    async def test_every_kind_of_value_arrives_as_it_was(self, make_layer: MakeLayer, content: Any) -> None:
        layer = make_layer()
        channel = await member(layer, "g")
        await layer.group_send("g", {"type": "x", "content": content})
        assert await soon(layer.receive(channel)) == {"type": "x", "content": content}

    async def test_a_mebibyte_passes_whole(self, make_layer: MakeLayer) -> None:
        layer, sender = make_layer(), make_layer()
        channel = await member(layer, "g")
        frame = bytes(range(256)) * (MEBIBYTE // 256)
        await sender.group_send("g", {"type": "x", "frame": frame})
        assert (await soon(layer.receive(channel)))["frame"] == frame

    @pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "x" * 100, None, 7])
    async def test_a_name_that_is_none_is_refused(self, make_layer: MakeLayer, name: Any) -> None:
        layer = make_layer()
        with pytest.raises(TypeError):
            await layer.group_send(name, {"type": "x"})
        with pytest.raises(TypeError):
            await layer.group_add(name, await layer.new_channel())

    async def test_several_loops_of_a_process_share_a_layer(self, make_layer: MakeLayer) -> None:
        layer = make_layer()
        channel = await member(layer, "g")
        received: list[Any] = []

        async def elsewhere() -> None:
            other = await member(layer, "g")
            await layer.group_send("g", {"type": "from another loop"})
            received.append(await soon(layer.receive(other)))

        thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
        thread.start()
        assert await soon(layer.receive(channel)) == {"type": "from another loop"}
        await asyncio.to_thread(thread.join, 20)
        assert received == [{"type": "from another loop"}]

    async def test_two_processes_talk_both_ways(
        self, make_layer: MakeLayer, backend: str, config: dict[str, Any]
    ) -> None:
        layer = make_layer(capacity=1000)
        channel = await member(layer, "answers")
        peer = await asyncio.create_subprocess_exec(
            sys.executable, str(PEER), backend, json.dumps(config), stdout=asyncio.subprocess.PIPE
        )
        assert peer.stdout is not None
        assert await asyncio.wait_for(peer.stdout.readline(), 60) == b"joined\n"
        for number in range(200):
            await layer.group_send("questions", {"type": "ask", "n": number, "data": b"\xff" * 1000})
            assert await soon(layer.receive(channel)) == {"type": "answer", "n": number, "size": 1000}
        await layer.group_send("questions", {"type": "end"})
        assert await asyncio.wait_for(peer.wait(), 20) == 0
