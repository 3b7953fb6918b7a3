"""What does a socket see of a quote that chose some of its fields, and can it tell how fresh they are?"""

from __future__ import annotations

import pytest

from marketdata.hub.options import Options, in_order
from marketdata.items import Channel
from tests.marketdata.hub.model import World
from tests.marketdata.scripted import now_us, quote

NUMBERS = {"symbol", "epoch", "seq", "prevSeq", "skipped", "ts", "type"}


@pytest.fixture
def world() -> World:
    return World()


def asks(world: World, *quotes: tuple[int, int]) -> None:
    """Each is a frame of its own."""
    for bid, ask in quotes:
        world.market.on_quotes([quote(bid, ask)])
        world.said()


def test_only_chosen_fields_are_told_beside_what_tells_number_and_age(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid", "askSize")))
    asks(world, (10, 11))
    assert [item.keys() - NUMBERS for item in socket.items] == [
        {"bid", "quality", "ageMs"},
        {"bid", "askSize", "quality", "ageMs"},
    ]


def test_what_changes_no_chosen_field_is_not_told_but_counted(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    asks(world, (9, 11), (9, 12))
    assert len(socket.items) == 1
    asks(world, (10, 12))
    assert (socket.items[-1]["prevSeq"], socket.items[-1]["skipped"], socket.items[-1]["seq"]) == (0, 2, 3)
    world.agrees(socket, Channel.QUOTES, "AAPL")


@pytest.mark.parametrize("delta", [False, True])
def test_a_chosen_field_that_is_there_no_more_is_told_as_gone(world: World, delta: bool) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("ask",), delta=delta))
    asks(world, (9, 11), (9, 0))
    assert ("ask" in socket.items[-1]) is delta
    assert "ask" not in socket.quotes["AAPL"]


def test_the_order_in_which_fields_are_named_makes_no_other_view(world: World) -> None:
    joined = [world.joined() for _ in range(2)]
    for names, (socket, subscriber) in zip((["ask", "bid", "ask"], ["bid", "ask"]), joined, strict=True):
        world.follow(socket, subscriber, Channel.QUOTES, "AAPL", options=Options(fields=in_order(names)))
    world.turns.turns()
    topic = world.hub.topics["quotes:AAPL"]
    assert len(topic.derived) == 1 and len([*world.hub.groups]) == 1
    for _, subscriber in joined:
        world.hub.leave(subscriber)
    assert not topic.derived and not [*world.hub.groups]


def test_other_fields_come_with_a_snapshot_though_none_was_asked_for(world: World) -> None:
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    world.turns.turns()
    asks(world, (9, 11), (9, 12))
    for options, seq in ((Options(fields=("ask",)), 0), (Options(), 2)):
        world.follow(socket, subscriber, Channel.QUOTES, "AAPL", snapshot=False, options=options)
        world.turns.turns()
        assert (socket.items[-1]["type"], socket.items[-1]["prevSeq"], socket.items[-1]["seq"]) == ("snapshot", seq, 2)
        world.agrees(socket, Channel.QUOTES, "AAPL")


def test_a_socket_that_joins_brings_those_of_the_same_fields_to_its_number(world: World) -> None:
    first = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    asks(world, (9, 11))
    second = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    assert (first.items[-1]["bid"], first.items[-1]["seq"], second.items[-1]["seq"]) == ("9", 1, 1)
    asks(world, (10, 11))
    assert first.items[-1] == second.items[-1]


def test_of_the_chosen_fields_only_those_that_changed_are_told_with_delta(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid", "ask"), delta=True))
    asks(world, (9, 11), (10, 11), (10, 12))
    told = [item.keys() - NUMBERS - {"ageMs"} for item in socket.items[1:]]
    assert told == [{"ask"}, {"bid"}, {"ask"}]


def test_chosen_fields_missed_while_paused_come_as_their_union(world: World) -> None:
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", options=Options(fields=("bid", "ask"), delta=True))
    asks(world, (10, 11))
    world.hub.paused(subscriber)
    world.turns.turns()
    asks(world, (10, 12), (10, 13), (10, 13))
    world.hub.resumed(subscriber)
    world.turns.turns()
    item = socket.items[-1]
    assert (item["seq"], item["skipped"], item["ask"], "bid" in item, "askSize" in item) == (4, 2, "13", False, False)


@pytest.mark.parametrize("delta", [False, True])
def test_chosen_fields_at_a_rate_come_when_one_of_them_has_changed(world: World, delta: bool) -> None:
    options = Options(fields=("bid",), max_rate=1.0, delta=delta)
    socket = world.follower(Channel.QUOTES, "AAPL", options=options)
    asks(world, (10, 11), (11, 11), (12, 11), (12, 12), (12, 13))
    world.turns.rest()
    assert [(item["bid"], item["seq"], item.get("skipped")) for item in socket.items[1:]] == [
        ("10", 1, None),
        ("12", 3, 1),
    ]
    asks(world, (12, 14))
    world.turns.rest()
    assert len(socket.items) == 3


# How fresh they are --------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [False, True])
def test_a_quote_that_becomes_stale_is_told_whatever_was_chosen(world: World, delta: bool) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("vwap",), delta=delta))
    asks(world, (10, 11))
    for stale in (["0"], []):
        world.market.set_stale(stale)
        world.said()
    assert [item["quality"] for item in socket.items] == ["ok", "stale", "ok"]
    assert [item.get("skipped") for item in socket.items] == [None, 1, None]


@pytest.mark.parametrize("delta", [False, True])
def test_who_joins_in_the_dark_makes_nothing_look_fresh(world: World, delta: bool) -> None:
    options = Options(fields=("vwap",), delta=delta)
    first = world.follower(Channel.QUOTES, "AAPL", options=options)
    world.hub.darken()
    world.turns.rest()
    asks(world, (10, 11), (10, 12))
    second = world.follower(Channel.QUOTES, "AAPL", options=options)
    assert [socket.quotes["AAPL"]["quality"] for socket in (first, second)] == ["stale", "stale"]
    world.state_again()
    world.turns.rest()
    assert [socket.quotes["AAPL"]["quality"] for socket in (first, second)] == ["ok", "ok"]


@pytest.mark.parametrize("fields", [None, ("vwap",)])
@pytest.mark.parametrize("delta", [False, True])
def test_who_was_told_stale_is_told_better_by_the_next_update(
    world: World, fields: tuple[str, ...] | None, delta: bool
) -> None:
    world.hub.live = False
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=fields, delta=delta))
    world.hub.live = True
    asks(world, (9, 11))
    assert [item["quality"] for item in socket.items] == ["stale", "ok"]


def test_who_was_told_stale_because_another_joined_is_told_better_too(world: World) -> None:
    """The other stands at the number already, so that nothing but the number is told, and that in the dark."""
    whole, delta = Options(fields=("vwap",)), Options(fields=("vwap",), delta=True)
    first = world.follower(Channel.QUOTES, "AAPL", options=delta)
    asks(world, (10, 11))
    socket, subscriber = world.joined()
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", options=whole)
    world.turns.turns()
    world.hub.live = False
    world.follow(socket, subscriber, Channel.QUOTES, "AAPL", snapshot=False, options=delta)
    world.turns.turns()
    assert (len(socket.items), first.items[-1]["quality"]) == (1, "stale")
    world.hub.live = True
    asks(world, (10, 12))
    assert (first.items[-1]["seq"], first.items[-1]["quality"]) == (2, "ok")


def test_an_update_that_comes_later_is_not_told_for_its_age_alone(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    world.market.now_us = now_us() + 5_000_000
    asks(world, (9, 11))
    assert len(socket.items) == 1
    asks(world, (10, 11))
    assert socket.items[-1]["ageMs"] > 4_000


def test_a_price_is_as_old_as_the_update_that_brought_its_number(world: World) -> None:
    socket = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    world.market.on_quotes([quote(10, 11)._replace(ts_us=now_us() - 5_000_000)])
    world.said()
    later = world.follower(Channel.QUOTES, "AAPL", options=Options(fields=("bid",)))
    assert socket.items[-1]["ts"] == later.items[-1]["ts"]
    assert later.items[-1]["ageMs"] > 4_000
