"""The watch of a web process: every new event, once, in order, whatever fails around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.wakeups import GROUP, advanced
from notifications.watch import PAGE, StreamWatch, stream_watch, unbroken
from tests.notifications.logs import BrokenLayer, FailingListener, Listener, LogInMemory, SilentLayer
from tests.notifications.streams import until

PAUSE = 0.01
NEVER = 3_600.0  #: no look at the counters within the test
A, B = "user:a", "user:b"


@pytest.fixture
def log() -> LogInMemory:
    return LogInMemory()


@pytest.fixture
async def watch_on(log: LogInMemory) -> AsyncIterator[Callable[..., StreamWatch]]:
    made: list[StreamWatch] = []

    def make(layer: Any, pause_seconds: float = PAUSE) -> StreamWatch:
        made.append(StreamWatch(layer, log, pause_seconds=pause_seconds))
        return made[-1]

    yield make
    for watch in made:
        await watch.stop()


Make = Callable[..., StreamWatch]


async def test_events_are_found_by_their_counter_when_the_layer_is_silent(watch_on: Make, log: LogInMemory) -> None:
    watch_on(SilentLayer()).follow(listener := Listener(A))
    await until(lambda: log.reads != [])
    log.grow(A, 3)
    await until(lambda: listener.numbers == [1, 2, 3])


async def test_a_wake_up_is_enough_without_a_look_at_the_counters(watch_on: Make, log: LogInMemory) -> None:
    layer = InMemoryChannelLayer()
    watch_on(layer, NEVER).follow(listener := Listener(A))
    await until(lambda: GROUP in layer.groups and log.reads != [])
    log.grow(A, 2)
    await layer.group_send(GROUP, advanced({A: 2, B: 7}))
    await until(lambda: listener.numbers == [1, 2])


async def test_a_burst_beyond_a_page_arrives_whole(watch_on: Make, log: LogInMemory) -> None:
    log.grow(A, PAGE * 2 + 1)
    watch_on(SilentLayer(), NEVER).follow(listener := Listener(A))
    await until(lambda: len(listener.numbers) == PAGE * 2 + 1)
    assert listener.numbers == list(range(1, PAGE * 2 + 2))


async def test_two_sockets_share_each_read(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    first, second = Listener(A), Listener(A)
    watch.follow(first)
    watch.follow(second)
    await until(lambda: log.counted > 2)
    log.reads.clear()
    log.grow(A, 5)
    await until(lambda: first.numbers == second.numbers == [1, 2, 3, 4, 5])
    assert log.reads.count((A, 0)) == 1


async def test_a_socket_whose_snapshot_is_older_gets_what_it_lacks_and_the_others_nothing_twice(
    watch_on: Make, log: LogInMemory
) -> None:
    log.grow(A, 5)
    watch = watch_on(SilentLayer())
    watch.follow(early := Listener(A, cursor=5))
    watch.follow(late := Listener(A, cursor=2))
    await until(lambda: late.numbers == [3, 4, 5])
    log.grow(A)
    await until(lambda: late.numbers == [3, 4, 5, 6] and early.numbers == [6])


async def test_events_of_a_foreign_stream_are_never_seen(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(mine := Listener(A))
    watch.follow(other := Listener(B))
    log.grow(B, 4)
    log.grow(A)
    await until(lambda: mine.numbers == [1] and other.numbers == [1, 2, 3, 4])


async def test_nothing_is_read_for_those_who_show_nothing_and_nothing_is_missed_once_they_do(
    watch_on: Make, log: LogInMemory
) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(idle := Listener(A))
    await until(lambda: log.reads == [(A, 0)])
    idle.is_idle = True
    log.grow(A, 3)
    await until(lambda: idle.cursor == 3)
    assert (log.reads, idle.numbers) == ([(A, 0)], [])
    idle.is_idle = False
    log.grow(A, 2)
    await until(lambda: idle.numbers == [4, 5])


async def test_who_shows_nothing_is_handed_what_is_read_for_another(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(idle := Listener(A))
    watch.follow(busy := Listener(A))
    idle.is_idle = True
    log.grow(A, 2)
    await until(lambda: idle.numbers == busy.numbers == [1, 2])


async def test_who_has_left_is_handed_nothing(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(left := Listener(A))
    watch.follow(stayed := Listener(A))
    watch.unfollow(left)
    watch.unfollow(left)
    log.grow(A)
    await until(lambda: stayed.numbers == [1])
    assert left.numbers == []


async def test_a_database_that_was_away_costs_time_and_no_event(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(listener := Listener(A))
    log.failures = 6
    log.grow(A, 2)
    await until(lambda: listener.numbers == [1, 2])
    assert watch.faults["log"] + watch.faults["counters"] == 6


async def test_a_broken_layer_is_counted_and_the_counters_still_tell(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(BrokenLayer())
    watch.follow(listener := Listener(A))
    log.grow(A)
    await until(lambda: listener.numbers == [1] and watch.faults["layer"] > 1)


async def test_what_is_no_wake_up_is_counted_and_the_next_wake_up_is_heard(watch_on: Make, log: LogInMemory) -> None:
    layer = InMemoryChannelLayer()
    watch = watch_on(layer, NEVER)
    watch.follow(listener := Listener(A))
    await until(lambda: GROUP in layer.groups and log.reads != [])
    log.grow(A)
    for message in ({"type": "streams.advanced", "numbers": 3}, {"type": "other"}, advanced({A: 1})):
        await layer.group_send(GROUP, message)
    await until(lambda: listener.numbers == [1])
    assert watch.faults["message"] == 2


async def test_nothing_is_handed_over_a_hole_and_its_followers_are_told(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(listener := Listener(A))
    log.grow(A, 5)
    log.lose(A, 3)
    await until(lambda: listener.was_lost)
    assert listener.numbers == [1, 2]
    assert watch.faults["hole"] == 3


async def test_a_follower_beyond_the_end_of_the_log_is_told(watch_on: Make, log: LogInMemory) -> None:
    log.grow(A, 2)
    watch = watch_on(SilentLayer())
    watch.follow(ahead := Listener(A, cursor=9))
    await until(lambda: ahead.was_lost)


async def test_a_follower_that_fails_is_dropped_and_the_others_go_on(watch_on: Make, log: LogInMemory) -> None:
    watch = watch_on(SilentLayer())
    watch.follow(failing := FailingListener(A))
    watch.follow(sound := Listener(A))
    log.grow(A, 2)
    await until(lambda: failing.was_lost and sound.numbers == [1, 2])


async def test_a_loop_has_one_watch() -> None:
    assert stream_watch() is stream_watch()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), st.sampled_from((A, B)), st.integers(1, 4)),
        st.tuples(st.just("follow"), st.sampled_from((A, B)), st.integers(0, 6)),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("wake"), st.sampled_from((A, B)), st.integers(0, 9)),
        st.tuples(st.just("fail"), st.integers(1, 2)),
        st.tuples(st.just("turn")),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_follower_has_each_event_after_its_cursor_once_and_in_order(steps: list[Any]) -> None:
    asyncio.run(play(steps))


async def play(steps: list[Any]) -> None:
    log, layer = LogInMemory(), InMemoryChannelLayer()
    watch = StreamWatch(layer, log, pause_seconds=0.001)
    following: list[tuple[Listener, int]] = []
    left: list[tuple[Listener, int]] = []
    for step in steps:
        match step:
            case ("grow", stream, count):
                log.grow(stream, count)
            case ("follow", stream, behind):
                begin = max(0, log.counters[stream] - behind)
                following.append((Listener(stream, begin), begin))
                watch.follow(following[-1][0])
            case ("leave", place) if place < len(following):
                left.append(following.pop(place))
                watch.unfollow(left[-1][0])
            case ("wake", stream, number):
                await layer.group_send(GROUP, advanced({stream: number}))
            case ("fail", count):
                log.failures = count
            case _:
                await asyncio.sleep(0)
    log.failures = 0
    for listener, begin in following:
        expected = list(range(begin + 1, log.counters[listener.stream] + 1))
        await until(lambda expected=expected, listener=listener: listener.numbers == expected)  # type: ignore[misc]
    for listener, begin in left:
        assert listener.numbers == list(range(begin + 1, begin + 1 + len(listener.numbers)))
    await watch.stop()


@pytest.mark.parametrize(
    ("since", "numbers", "kept"), [(0, [1, 2, 3], [1, 2, 3]), (0, [2, 3], []), (4, [5, 7, 8], [5]), (4, [], [])]
)
def test_a_run_ends_at_the_first_hole(since: int, numbers: list[int], kept: list[int]) -> None:
    log = LogInMemory()
    log.grow(A, 9)
    events = [event for event in log.events[A] if event.number in numbers]
    assert [event.number for event in unbroken(since, events)] == kept
