"""What does a socket see that asked for less: a depth, a rate, changed fields, one write?"""

from __future__ import annotations

import pytest

from marketdata.hub.options import Options
from marketdata.items import Channel
from tests.marketdata.hub.model import World
from tests.marketdata.scripted import level, quote, trade

BID = 1


@pytest.fixture
def world() -> World:
    return World()


def book(world: World, *levels: tuple[int, int]) -> None:
    """Bids as one event of the book."""
    last = len(levels) - 1
    world.market.on_depth([level(BID, price, size, last=n == last) for n, (price, size) in enumerate(levels)])
    world.said()


# Depth ---------------------------------------------------------------------------------------------------------------


def test_a_snapshot_has_the_best_levels_of_each_side(world: World) -> None:
    book(world, (8, 1), (7, 1), (6, 1))
    socket = world.follower(Channel.BOOK, "AAPL", options=Options(depth=1))
    assert socket.items[-1]["bids"] == [["9", "1"]]


def test_a_level_that_moves_into_view_is_told_and_the_one_that_leaves_is_deleted(world: World) -> None:
    socket = world.follower(Channel.BOOK, "AAPL", options=Options(depth=1))
    book(world, (10, 2))
    assert socket.items[-1]["bids"] == [["10", "2"], ["9", "0"]]
    book(world, (10, 0))
    assert socket.items[-1]["bids"] == [["10", "0"], ["9", "1"]]


def test_what_happens_below_the_depth_is_not_told_but_counted(world: World) -> None:
    socket = world.follower(Channel.BOOK, "AAPL", options=Options(depth=1))
    told = len(socket.items)
    book(world, (5, 1))
    book(world, (4, 1))
    assert len(socket.items) == told
    book(world, (9, 3))
    assert (socket.items[-1]["prevSeq"], socket.items[-1]["skipped"], socket.items[-1]["seq"]) == (0, 2, 3)


def test_a_socket_that_joins_brings_the_others_to_its_number(world: World) -> None:
    first = world.follower(Channel.BOOK, "AAPL", options=Options(depth=1))
    book(world, (5, 1))
    second = world.follower(Channel.BOOK, "AAPL", options=Options(depth=1))
    assert (first.items[-1]["bids"], first.items[-1]["seq"], second.items[-1]["seq"]) == ([], 1, 1)
    book(world, (9, 3))
    assert first.items[-1] == second.items[-1]


def test_a_view_is_made_once_for_all_who_want_it_and_gone_with_the_last(world: World) -> None:
    joined = [world.joined() for _ in range(2)]
    for socket, subscriber in joined:
        world.follow(socket, subscriber, Channel.BOOK, "AAPL", options=Options(depth=5))
    world.turns.turns()
    topic = world.hub.topics["book:AAPL"]
    assert len(topic.derived) == 1 and len([*world.hub.groups]) == 1
    for _, subscriber in joined:
        world.hub.leave(subscriber)
    assert not topic.derived and not [*world.hub.groups]


def test_another_depth_comes_with_a_snapshot_though_none_was_asked_for(world: World) -> None:
    book(world, (8, 1), (7, 1))
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.BOOK, "AAPL", options=Options(depth=1))
    world.turns.turns()
    world.follow(socket, subscriber, Channel.BOOK, "AAPL", snapshot=False)
    world.turns.turns()
    assert (socket.items[-1]["type"], socket.items[-1]["prevSeq"]) == ("snapshot", 1)
    world.agrees(socket, Channel.BOOK, "AAPL")


def test_who_is_behind_is_not_given_an_answer_that_its_view_has_left_behind(world: World) -> None:
    """The answer was made for another, a moment before a joining socket moved the view on."""
    rated = world.follower(Channel.BOOK, "AAPL", options=Options(depth=1, max_rate=1.0))
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.BOOK, "AAPL", options=Options(depth=1))
    world.turns.turns()
    book(world, (9, 2))
    world.hub.paused(subscriber)
    world.turns.turns()
    for price, size in ((9, 3), (5, 1)):
        book(world, (price, size))
    world.turns.passes(1.0)
    world.turns.turns()
    world.hub.resumed(subscriber)
    world.turns.turns()
    assert (rated.items[-1]["seq"], socket.items[-1]["seq"]) == (2, 3)
    book(world, (9, 4))
    world.agrees(socket, Channel.BOOK, "AAPL")


# Changed fields ------------------------------------------------------------------------------------------------------


def test_only_changed_fields_are_told_and_those_that_are_gone_become_null(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(delta=True))
    for bid, ask in ((10, 11), (10, 12), (10, 0)):
        world.market.on_quotes([quote(bid, ask)])
        world.said()
    changes = [item.keys() - {"symbol", "epoch", "seq", "prevSeq", "ts", "type", "ageMs"} for item in socket.items[2:]]
    assert changes == [{"ask"}, {"ask"}]
    assert socket.items[-1]["ask"] is None
    world.agrees(socket, Channel.QUOTES, "AAPL")


def test_changed_fields_missed_while_paused_come_as_their_union(world: World) -> None:
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", options=Options(delta=True))
    world.market.on_quotes([quote(10, 11)])
    world.said()
    world.hub.paused(subscriber)
    world.turns.rest()
    for bid, ask in ((10, 12), (10, 13)):
        world.market.on_quotes([quote(bid, ask)])
        world.frame()
    world.turns.rest()
    world.hub.resumed(subscriber)
    world.turns.rest()
    item = socket.items[-1]
    assert (item["skipped"], item["ask"], "bid" in item) == (1, "13", False)


# A rate --------------------------------------------------------------------------------------------------------------


def test_the_first_change_comes_at_once_and_the_next_when_its_time_has_come(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(max_rate=2.0))
    for bid in range(10, 15):
        world.market.on_quotes([quote(bid, 20)])
        world.said()
    assert [item.get("bid") for item in socket.items] == ["9", "10"]
    world.turns.passes(0.499)
    world.turns.turns()
    assert len(socket.items) == 2
    world.turns.passes(0.01)
    world.turns.turns()
    assert (socket.items[-1]["bid"], socket.items[-1]["skipped"], len(socket.items)) == ("14", 3, 3)
    assert world.hub.counts["merged"] == 3


def test_a_rate_holds_for_each_symbol_by_itself(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", "MSFT", options=Options(max_rate=1.0))
    world.market.on_quotes([quote(10, 20)])
    world.said()
    world.market.on_quotes([quote(30, 40, number=2)])
    world.said()
    assert [item["symbol"] for item in socket.items[2:]] == ["AAPL", "MSFT"]


def test_a_book_at_a_rate_comes_as_the_union_of_its_changed_levels(world: World) -> None:
    socket = world.follower(Channel.BOOK, "AAPL", options=Options(max_rate=1.0))
    for levels in ([(8, 1)], [(7, 1)], [(6, 1), (7, 4)], [(6, 0)]):
        book(world, *levels)
    world.turns.rest()
    item = socket.items[-1]
    assert (item["type"], item["bids"], item["skipped"]) == ("update", [["7", "4"], ["6", "0"]], 2)


def test_trades_all_come_at_any_rate(world: World) -> None:
    socket = world.follower(Channel.TRADES, "AAPL", options=Options(max_rate=0.1))
    for number in range(200):
        world.market.on_trades([trade(5, 1, number + 1)])
        world.said()
    world.turns.passes(0.01)
    world.turns.turns()
    assert [item["seq"] for item in socket.items] == list(range(201))


def test_a_rate_is_changed_by_subscribing_again(world: World) -> None:
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", options=Options(max_rate=1.0))
    world.turns.turns()
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", snapshot=False)
    for bid in range(10, 15):
        world.market.on_quotes([quote(bid, 20)])
        world.said()
    world.turns.rest()
    assert [item["seq"] for item in socket.items] == [0, 1, 2, 3, 4, 5]


# One write -----------------------------------------------------------------------------------------------------------


def test_a_flush_is_one_write_per_socket_however_many_channels_it_follows(world: World) -> None:
    socket, subscriber = world.joined()
    for channel in Channel:
        world.follow(socket, subscriber, channel, "AAPL")
    world.follow(socket, subscriber, Channel.BOOK, "MSFT", options=Options(depth=5))
    world.follow(socket, subscriber, Channel.QUOTES, "MSFT", options=Options(max_rate=1.0))
    world.turns.turns()
    writes, items = socket.writes, len(socket.items)
    for number in (1, 2):
        world.market.on_quotes([quote(10, 20, number)])
        world.market.on_trades([trade(5, 1, 1, number)])
        world.market.on_depth([level(BID, 8, 1, number=number)])
    world.said()
    assert socket.writes == writes + 1
    assert len(socket.items) >= items + 5


def test_sockets_that_want_the_same_are_written_the_same_bytes(world: World) -> None:
    followers = [world.follower(Channel.QUOTES, "AAPL", "MSFT") for _ in range(3)]
    (group,) = world.hub.groups
    assert len(group.members) == len(followers)


# The hub's own holes -------------------------------------------------------------------------------------------------


def test_a_state_fetched_again_is_told_to_nobody_who_has_it(world: World) -> None:
    sockets = [world.follower(channel, "AAPL", "MSFT") for channel in Channel]
    world.market.on_quotes([quote(10, 11)])
    world.said()
    writes = [socket.writes for socket in sockets]
    world.state_again()
    world.turns.rest()
    assert [socket.writes for socket in sockets] == writes


def test_what_a_lost_frame_held_comes_as_updates(world: World) -> None:
    sockets = {channel: world.follower(channel, "AAPL", "MSFT") for channel in Channel}
    world.market.on_quotes([quote(10, 11), quote(12, 13)])
    world.market.on_trades([trade(5, 1, 1), trade(5, 1, 2)])
    world.market.on_depth([level(BID, 9, 0), level(BID, 8, 1)])
    world.state_again()
    world.turns.rest()
    news = {channel: [item for item in socket.items if item["type"] == "update"] for channel, socket in sockets.items()}
    assert [item["skipped"] for item in news[Channel.QUOTES]] == [2]
    assert [item["seq"] for item in news[Channel.TRADES]] == [1, 2]
    assert [item["bids"] for item in news[Channel.BOOK]] == [[["9", "0"], ["8", "1"]]]
    for channel, socket in sockets.items():
        world.agrees(socket, channel, "AAPL")


def test_who_was_told_stale_because_of_silence_is_told_when_it_is_over(world: World) -> None:
    joined = world.follower(Channel.QUOTES, "AAPL", options=Options(delta=True))
    world.hub.darken()
    world.turns.rest()
    later = world.follower(Channel.QUOTES, "AAPL", options=Options(delta=True))
    assert [socket.quotes["AAPL"]["quality"] for socket in (joined, later)] == ["stale", "stale"]
    world.state_again()
    world.turns.rest()
    assert [socket.quotes["AAPL"]["quality"] for socket in (joined, later)] == ["ok", "ok"]


def test_an_update_that_was_there_before_changes_nothing(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL")
    world.market.on_quotes([quote(10, 11)])
    updates = world.market.taken("0")
    assert world.hub.apply([*updates, *updates])
    world.turns.turns()
    assert (len(socket.items), world.hub.counts["repeated"]) == (2, 1)


def test_an_update_without_the_one_before_it_is_not_taken(world: World) -> None:
    world.market.on_quotes([quote(10, 11), quote(12, 13)])
    assert not world.hub.apply(world.market.taken("0")[4:])
    assert world.hub.counts["holes"] == 1
