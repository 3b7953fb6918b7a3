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


BIDS = [Options(fields=("bid",)), Options(fields=("bid",), delta=True)]


@pytest.mark.parametrize("options", [Options(), Options(depth=5, delta=True), *BIDS])
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


def test_a_hub_that_stays_overloaded_leaves_no_hole(world: World) -> None:
    options = [Options(), Options(delta=True), *BIDS]
    sockets = [world.follower(Channel.QUOTES, "AAPL", options=one) for one in options]
    for _ in range(3):
        overloaded(world)
    for socket in sockets:
        assert len(socket.items) == 4
        assert [item["prevSeq"] for item in socket.items[1:]] == [item["seq"] for item in socket.items[:-1]]
        world.agrees(socket, Channel.QUOTES, "AAPL")


def test_an_overloaded_hub_sends_nothing_to_whom_nothing_changed(world: World) -> None:
    plain = world.follower(Channel.QUOTES, "AAPL")
    low = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("low",)))
    for _ in range(3):
        overloaded(world)
    assert (len(plain.items), len(low.items)) == (4, 2)
    world.market.on_trades([trade(4, 1, 99)])
    world.said()
    world.turns.rest()
    item = low.items[-1]
    assert (item["prevSeq"], item["low"]) == (low.items[-2]["seq"], "4")
    assert item["skipped"] == item["seq"] - item["prevSeq"] - 1 > 0


def test_who_joins_an_overloaded_hub_takes_nothing_from_the_others(world: World) -> None:
    before = world.follower(Channel.QUOTES, "AAPL")
    overloaded(world)
    world.hub.clock.cost_seconds = SLOW_SECONDS
    world.market.on_quotes([quote(30, 40)])
    world.said()
    after = world.follower(Channel.QUOTES, "AAPL")
    world.turns.rest()
    for socket in (before, after):
        world.agrees(socket, Channel.QUOTES, "AAPL")
    assert before.items[-1]["bid"] == after.items[-1]["bid"] == "30"


def test_a_hub_that_has_its_breath_back_sends_every_quote(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL")
    overloaded(world)
    world.hub.clock.cost_seconds = 0.0
    overloaded_items = len(socket.items)
    for bid in (50, 51):  # the first flush still merges: what came before it was not gathered
        world.market.on_quotes([quote(bid, 60)])
        world.said()
        world.turns.rest()
    world.market.on_quotes([quote(52, 60), quote(53, 60)])
    world.said()
    world.turns.rest()
    assert [item["bid"] for item in socket.items[overloaded_items:]] == ["50", "51", "52", "53"]
