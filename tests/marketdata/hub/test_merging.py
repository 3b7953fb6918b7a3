"""What does a hub send that has too much to send? Less, and says so."""

from __future__ import annotations

import pytest

from marketdata.hub.options import Options
from marketdata.items import Channel
from tests.marketdata.hub.model import World
from tests.marketdata.scripted import level, quote, trade

BID, ROUNDS = 1, 5


@pytest.fixture
def world() -> World:
    return World()


SLOW_SECONDS = 0.1  #: what flushes are thought to take


def overloaded(world: World) -> None:
    """Everything moves five times, and flushes take too long."""
    world.hub.clock.cost_seconds = SLOW_SECONDS
    for number in range(ROUNDS):
        world.market.on_quotes([quote(10 + number, 20)])
        world.market.on_trades([trade(5, 1, 1 + number)])
        world.market.on_depth([level(BID, 8, 1 + number)])
    world.said()
    world.turns.rest()


@pytest.mark.parametrize("options", [Options(), Options(depth=5, delta=True)])
@pytest.mark.parametrize("channel", [Channel.QUOTES, Channel.BOOK])
def test_what_waited_leaves_as_one_item(world: World, channel: Channel, options: Options) -> None:
    socket = world.follower(channel, "AAPL", options=options)
    overloaded(world)
    (item,) = socket.items[1:]
    assert (item["type"], item["skipped"]) == ("update", item["seq"] - 1)
    world.agrees(socket, channel, "AAPL")


def test_trades_are_not_merged(world: World) -> None:
    socket = world.follower(Channel.TRADES, "AAPL")
    overloaded(world)
    assert [item["seq"] for item in socket.items] == list(range(ROUNDS + 1))


def test_merged_updates_are_counted_for_each_socket(world: World) -> None:
    sockets = [world.follower(Channel.QUOTES, "AAPL") for _ in range(3)]
    overloaded(world)
    skipped = sum(item.get("skipped", 0) for socket in sockets for item in socket.items)
    assert world.hub.counts["merged"] == skipped > 0


def test_single_updates_stay_as_they_are(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", "MSFT")
    world.market.on_quotes([quote(10, 11), quote(10, 11, number=2)])
    world.hub.clock.cost_seconds = SLOW_SECONDS
    world.said()
    world.turns.rest()
    assert [item.get("skipped") for item in socket.items[2:]] == [None, None]
