"""Does a hub notice every frame that did not reach it, and every one that is none?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.exchange import LayerPublisher
from marketdata.frames import LATE_SECONDS, MESSAGE_TYPE, UPDATES_PER_FRAME, FeedState, Frame, encode
from marketdata.hub.source import UPDATES_BUFFERED
from tests.marketdata.lab import DEADLINE_SECONDS, Client, Lab, eventually
from tests.marketdata.scripted import listing, now_us, quote
from tests.marketdata.stall import stand_still

WAITING = 80


@pytest.fixture
def forger(lab: Lab) -> Iterator[LayerPublisher]:
    """Somebody else who may publish on the layer."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    publisher = LayerPublisher(context, KeyRing(lab.env.keys), Role.FEED_BRIDGE, lab.env.layer_publish)
    assert publisher.wait_connected(10)
    yield publisher
    publisher.close()
    context.term()


def frame(epoch: int, number: int, updates: list[object] | None = None) -> dict[str, object]:
    content = Frame(epoch, "0", number, now_us(), FeedState.LIVE, 0, updates or [])
    return {"type": MESSAGE_TYPE, "body": encode(content)}


async def followed(client: Client) -> int:
    await client.follow("quotes", "AAPL")
    return int((await client.push())["data"][0]["epoch"])


async def test_a_lost_frame_is_noticed_and_sockets_that_have_everything_are_sent_nothing(
    lab: Lab, forger: LayerPublisher
) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        engine.quotes(quote(10, 11))
        await client.until(lambda items: items[-1]["seq"] == 1, "quotes")
        states = web.market.counts["states"]
        forger.group_send("md.0", frame(epoch, 7, ["quotes:AAPL", 9, b"{}", b"\x80"]))
        await eventually(lambda: web.market.counts["states"] > states)
        engine.quotes(quote(12, 13))
        items = await client.until(lambda items: items[-1]["seq"] == 2, "quotes")
    assert web.market.counts["gaps"] >= 1
    assert [(item["type"], item["seq"], item["prevSeq"]) for item in items[1:]] == [("update", 1, 0), ("update", 2, 1)]


async def test_a_lost_last_frame_is_noticed_by_the_heartbeat(lab: Lab, forger: LayerPublisher) -> None:
    lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        states = web.market.counts["states"]
        forger.group_send("md.0", frame(epoch, 3))
        await eventually(lambda: web.market.counts["states"] > states)
    assert web.market.counts["gaps"] >= 1


async def test_frames_that_wait_for_a_state_are_bounded(lab: Lab, forger: LayerPublisher) -> None:
    lab.engine(listing())
    feed = lab.feed()
    most = UPDATES_BUFFERED // UPDATES_PER_FRAME
    full = ["quotes:AAPL", 9, b"{}", b"\x80"] * UPDATES_PER_FRAME
    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        feed.close()
        frames = web.market.counts["frames"]
        for number in range(100, 100 + 2 * most):
            forger.group_send("md.0", frame(epoch, number, full))
        await eventually(lambda: web.market.counts["frames"] >= frames + 2 * most)
        assert 0 < web.market.source.waiting <= most


async def test_frames_that_waited_too_long_are_thrown_away_for_a_state(lab: Lab) -> None:
    """The loop stands still, as under a load that is too much for it; meanwhile the market goes on."""
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await followed(client)
        engine.quotes(quote(10, 11))
        await client.until(lambda items: items[-1]["seq"] == 1, "quotes")
        states = web.market.counts["states"]
        for price in range(20, 25):
            engine.quotes(quote(price, price + 1))
        stand_still(LATE_SECONDS + 0.4)
        items = await client.until(lambda items: items[-1]["seq"] == 6, "quotes")
        assert web.market.counts["late"] >= 1
        assert web.market.counts["states"] > states
    assert (items[-1]["bid"], items[-1]["quality"]) == ("24", "ok")
    assert all(after["prevSeq"] == before["seq"] for before, after in pairwise(items))


async def test_frames_that_wait_leave_others_their_turn(lab: Lab, forger: LayerPublisher) -> None:
    """Else a hub that is behind would gather all of them for one flush, and answer nobody meanwhile."""
    lab.engine(listing())
    lab.feed()
    seen: set[int] = set()

    async def look_each_turn(counts: Mapping[str, int], last: int) -> None:
        while counts["frames"] < last:
            seen.add(counts["frames"])
            await asyncio.sleep(0)

    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        for _ in range(WAITING):
            forger.group_send("md.0", frame(epoch, 0))
        looking = asyncio.create_task(look_each_turn(web.market.counts, web.market.counts["frames"] + WAITING))
        stand_still(0.3)  # until they wait
        await asyncio.wait_for(looking, DEADLINE_SECONDS)
    assert len(seen) >= WAITING // 2


async def test_frames_out_of_order_are_settled_by_a_state(lab: Lab, forger: LayerPublisher) -> None:
    """The frame that comes first has its number too early, the other one is old when it comes."""
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        states = web.market.counts["states"]
        for number in (2, 1):
            forger.group_send("md.0", frame(epoch, number, ["quotes:AAPL", number, b"{}", b"\x80"]))
        await eventually(lambda: web.market.counts["states"] > states)
        engine.quotes(quote(10, 11))
        items = await client.until(lambda items: items[-1].get("bid") == "10", "quotes")
    assert [(item["seq"], item["prevSeq"]) for item in items] == [(0, 0), (1, 0)]


async def test_an_update_whose_number_does_not_follow_is_fetched_instead(lab: Lab, forger: LayerPublisher) -> None:
    lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        states = web.market.counts["states"]
        forger.group_send("md.0", frame(epoch, 1, ["quotes:AAPL", 9, b"{}", b"\x80"]))
        await eventually(lambda: web.market.counts["states"] > states)
    assert web.market.hub.counts["holes"] >= 1
    assert web.market.hub.topics["quotes:AAPL"].seq == 0


async def test_frames_of_an_earlier_epoch_and_repeated_ones_change_nothing(lab: Lab, forger: LayerPublisher) -> None:
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        epoch = await followed(client)
        engine.quotes(quote(10, 11))
        await client.until(lambda items: items[-1]["seq"] == 1, "quotes")
        for old in (
            frame(epoch - 1, 2, ["quotes:AAPL", 9, b"{}", b"\x80"]),
            frame(epoch, 1, ["quotes:AAPL", 9, b"{}", b""]),
        ):
            forger.group_send("md.0", old)
        await eventually(lambda: web.market.counts["old_frames"] == 2)
        engine.quotes(quote(12, 13))
        items = await client.until(lambda items: len(items) == 3, "quotes")
    assert (items[-1]["seq"], items[-1]["prevSeq"]) == (2, 1)


@pytest.mark.parametrize(
    "message", [{"type": MESSAGE_TYPE}, {"type": MESSAGE_TYPE, "body": b"\xc1"}, {"type": MESSAGE_TYPE, "body": 7}]
)
async def test_a_message_that_is_no_frame_is_counted(
    lab: Lab, forger: LayerPublisher, message: dict[str, object]
) -> None:
    lab.engine(listing())
    lab.feed()
    async with lab.web() as web:
        await web.ready()
        forger.group_send("md.0", message)
        await eventually(lambda: web.market.counts["malformed_frames"] == 1)
        assert web.market.counts["layer_faults"] == 0


async def test_a_hub_that_starts_before_everything_else_finds_the_market_when_it_comes(lab: Lab) -> None:
    async with lab.web() as web, web.client() as client:
        await client.heartbeat("down")
        engine = lab.engine(listing())
        lab.feed()
        await web.ready()
        await followed(client)
        engine.quotes(quote(10, 11))
        assert await client.until(lambda items: items[-1].get("bid") == "10", "quotes")
