"""One socket's view of its stream: what it is sent is the log, whatever it subscribed to and wherever it resumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.feed import REPLAY_MAX, PrivateFeed, replayable
from notifications.items import Standing
from notifications.models import StreamEvent
from notifications.readers import in_reader
from notifications.stream import user_stream
from notifications.watch import DatabaseLog, StreamWatch
from tests.notifications.logs import SilentLayer
from tests.notifications.streams import event, until, write, write_from_loop

pytestmark = pytest.mark.django_db(transaction=True)
CHANNELS = ("orders", "executions", "positions")


class Screen:
    """A client that reads everything, and checks the chain of `prevEventId` as it reads."""

    def __init__(self, stream: str) -> None:
        self.frames: list[dict[str, Any]] = []
        self.was_broken = False
        self.watch = StreamWatch(SilentLayer(), DatabaseLog(), pause_seconds=0.005)
        sources = dict.fromkeys(CHANNELS, self.standing)
        self.feed = PrivateFeed(stream, sources, self.watch, self, msgspec.json.decode)

    def queue(self, frame: Any) -> None:
        self.frames.append(msgspec.to_builtins(frame))

    async def room(self) -> bool:
        return not self.was_broken

    def broken(self) -> None:
        self.was_broken = True

    def standing(self) -> Sequence[Standing]:
        return [Standing(7, {"id": "x"})]

    def items(self, kind: str = "update") -> list[dict[str, Any]]:
        return [item for frame in self.frames if frame["type"] == kind for item in frame["data"]]

    async def subscribe(self, channel: str, *, snapshot: bool = False) -> int:
        number = await self.feed.subscribe(channel, snapshot=snapshot)
        await self.feed.answered()
        return number

    async def resume(self, since: int) -> tuple[bool, int]:
        result = await self.feed.resume(since)
        await self.feed.answered()
        return result

    async def leave(self) -> None:
        self.feed.close()
        await self.watch.stop()


def on_screen(stream: str, play: Callable[[Screen], Any]) -> None:
    async def run() -> None:
        screen = Screen(stream)
        await screen.feed.open()
        try:
            await play(screen)
        finally:
            await screen.leave()

    asyncio.run(run())


def written(stream: str, channels: Sequence[str]) -> list[int]:
    return write([event(stream, channel, json.dumps({"n": place})) for place, channel in enumerate(channels, 1)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.sampled_from(CHANNELS), max_size=12),
    after=st.lists(st.sampled_from(CHANNELS), max_size=4),
    subscribed=st.sets(st.sampled_from(CHANNELS), min_size=1),
)
def test_a_resume_at_every_cursor_equals_the_full_stream(
    before: list[str], after: list[str], subscribed: set[str]
) -> None:
    stream = user_stream(uuid4())
    written(stream, before)

    async def play(screen: Screen) -> None:
        for channel in subscribed:
            await screen.subscribe(channel)
        for since in range(len(before) + 1):
            screen.frames.clear()
            assert await screen.resume(since) == (True, len(before))
            assert numbers(screen) == expected(before, subscribed, since)
            assert_chained(screen, since)
        await write_from_loop([event(stream, channel) for channel in after])
        whole = [*before, *after]
        await until(lambda: numbers(screen) == expected(whole, subscribed, len(before)))

    on_screen(stream, play)


def numbers(screen: Screen) -> list[int]:
    return [item["eventId"] for item in screen.items()]


def expected(channels: Sequence[str], subscribed: set[str], since: int) -> list[int]:
    return [number for number, channel in enumerate(channels, 1) if channel in subscribed and number > since]


def assert_chained(screen: Screen, since: int) -> None:
    assert [item["prevEventId"] for item in screen.items()] == [since, *numbers(screen)][: len(screen.items())]


def test_the_snapshot_comes_after_the_result_and_updates_go_on_from_it(stream: str) -> None:
    written(stream, ["orders"] * 4)

    async def play(screen: Screen) -> None:
        number = await screen.feed.subscribe("orders", snapshot=True)
        assert (number, screen.frames) == (4, [])
        await screen.feed.answered()
        (item,) = screen.items("snapshot")
        assert item == {"eventId": 4, "prevEventId": 4, "kind": "snapshot", "ts": 7, "data": {"id": "x"}}
        await write_from_loop([event(stream)])
        await until(lambda: numbers(screen) == [5])
        assert_chained(screen, 4)

    on_screen(stream, play)


def test_what_the_first_channel_still_lacks_comes_before_the_snapshot_of_the_second(stream: str) -> None:
    async def play(screen: Screen) -> None:
        await screen.subscribe("orders")
        await write_from_loop([event(stream, channel) for channel in ("orders", "executions", "orders")])
        assert await screen.subscribe("executions", snapshot=True) == 3
        assert [frame["type"] for frame in screen.frames][-1] == "snapshot"
        assert numbers(screen) == [1, 3]
        assert_chained(screen, 0)

    on_screen(stream, play)


def test_a_cursor_ahead_of_the_stream_is_not_recovered_and_snapshots_follow(stream: str) -> None:
    written(stream, ["orders"] * 2)

    async def play(screen: Screen) -> None:
        await screen.subscribe("orders")
        await screen.subscribe("positions")
        assert await screen.resume(3) == (False, 2)
        assert [frame["channel"] for frame in screen.frames] == ["orders", "positions"]
        assert numbers(screen) == []

    on_screen(stream, play)


def test_a_cursor_behind_the_kept_log_is_not_recovered(stream: str) -> None:
    written(stream, ["orders"] * 4)
    StreamEvent.objects.filter(stream=stream, number__lte=2).delete()

    async def play(screen: Screen) -> None:
        await screen.subscribe("orders")
        assert await screen.resume(1) == (False, 4)
        assert await screen.resume(2) == (True, 4)
        assert numbers(screen) == [3, 4]

    on_screen(stream, play)


def test_a_cursor_too_far_behind_is_served_by_snapshots(stream: str) -> None:
    written(stream, ["orders"])
    assert replayable(stream, 0, REPLAY_MAX)
    assert not replayable(stream, 0, REPLAY_MAX + 1)


def test_a_log_that_breaks_off_during_a_replay_breaks_the_socket_and_not_the_stream(stream: str) -> None:
    written(stream, ["orders"] * 4)
    StreamEvent.objects.filter(stream=stream, number=3).delete()

    async def play(screen: Screen) -> None:
        await screen.subscribe("orders")
        assert await screen.resume(0) == (True, 4)
        assert screen.was_broken
        assert numbers(screen) == [1, 2]

    on_screen(stream, play)


def test_events_of_channels_that_are_not_subscribed_only_move_the_cursor(stream: str) -> None:
    async def play(screen: Screen) -> None:
        await screen.subscribe("positions")
        await write_from_loop([event(stream, channel) for channel in ("orders", "orders", "positions")])
        await until(lambda: numbers(screen) == [3])
        assert_chained(screen, 0)
        assert (screen.feed.cursor, screen.feed.reached) == (3, 3)

    on_screen(stream, play)


def test_events_of_a_foreign_stream_are_never_sent(stream: str) -> None:
    async def play(screen: Screen) -> None:
        await screen.subscribe("orders")
        await write_from_loop([event(user_stream(uuid4())) for _ in range(3)])
        await write_from_loop([event(stream, data='{"mine":true}')])
        await until(lambda: numbers(screen) == [1])
        assert screen.items()[0]["data"] == {"mine": True}

    on_screen(stream, play)


def test_a_reader_thread_runs_what_it_is_given() -> None:
    async def ask() -> str:
        return await in_reader(str.upper)("x")

    assert asyncio.run(ask()) == "X"
