"""How does a web process learn that a private stream has grown, and hand each new event to the sockets that follow it?

One `StreamWatch` per event loop. It hears wake-ups from the channel layer (one receiver for all sockets), and each
second reads the counters of the connected streams in one query, so that a lost wake-up costs at most that second. New
events of a stream are read once and handed to all its followers, in order, each exactly once. When the log cannot go on
where a follower stands, it is told so: nothing is handed over a hole. Faults of database and layer are counted, logged
and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn, Protocol
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer

from notifications import stream as stream_log
from notifications.followers import Followed, Follower
from notifications.models import StreamEvent
from notifications.readers import in_reader
from notifications.wakeups import ADVANCED, GROUP

logger = logging.getLogger(__name__)

#: Between two looks at the counters, and before what failed is tried again.
PAUSE_SECONDS = 1.0
#: Events per read of the log: what a stream may grow in a burst, and still little memory.
PAGE = 200
#: Between two reads of a stream: the first event is handed over at once, those that follow closely come together.
GATHER_SECONDS = 0.01
#: Streams read at the same moment: as many as there are reader threads.
WORKERS = 2
#: A layer may forget members after a day without a word: join anew each hour.
REJOIN_SECONDS = 3_600.0
#: Reads in a row that end at the same hole before its followers are told: one may be a replica that lags.
FRUITLESS_READS = 3


class EventLog(Protocol):
    """Where the watch reads: the database, through the reader threads."""

    async def last_numbers(self, streams: Sequence[str]) -> Mapping[str, int]: ...

    async def read(self, stream: str, since: int, limit: int) -> Sequence[StreamEvent]: ...


class DatabaseLog:
    """The log in the database, read in the reader threads."""

    async def last_numbers(self, streams: Sequence[str]) -> Mapping[str, int]:
        return await in_reader(stream_log.last_numbers)(streams)

    async def read(self, stream: str, since: int, limit: int) -> Sequence[StreamEvent]:
        return await in_reader(stream_log.read)(stream, since, limit)


class StreamWatch:
    """Belongs to one event loop; `follow` starts it. `faults` counts what it survived, by kind."""

    def __init__(self, layer: Any, log: EventLog, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.faults: Counter[str] = Counter()
        self._layer = layer
        self._log = log
        self._pause_seconds = pause_seconds
        self._streams: dict[str, Followed] = {}
        self._due: dict[str, None] = {}  #: streams to read, first come first read, each at most once
        self._reading: set[str] = set()  #: and those read a moment ago
        self._stir = asyncio.Event()
        self._tasks: list[asyncio.Task[NoReturn]] = []

    def follow(self, follower: Follower) -> None:
        """Hand `follower` every event after its cursor from now on."""
        self._start()
        self._streams.setdefault(follower.stream, Followed()).followers[follower] = None
        self._mark(follower.stream)

    def unfollow(self, follower: Follower) -> None:
        followed = self._streams.get(follower.stream)
        if followed is None:
            return
        followed.followers.pop(follower, None)
        if not followed.followers:
            del self._streams[follower.stream]
            self._due.pop(follower.stream, None)

    @property
    def following(self) -> int:
        """How many followers it has."""
        return sum(len(followed.followers) for followed in self._streams.values())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _start(self) -> None:
        if not self._tasks:
            loops = [self._listen, self._compare_always, *[self._read_always] * WORKERS]
            self._tasks = [asyncio.create_task(run(), name=f"stream-watch{run.__name__}") for run in loops]

    # What has grown?

    def _mark(self, stream: str) -> None:
        if stream in self._streams:
            self._due[stream] = None
            self._stir.set()

    async def _listen(self) -> NoReturn:
        while True:
            try:
                await self._receive()
            except Exception:
                await self._survived(
                    "layer", "The channel layer failed; streams are found by their counters meanwhile."
                )

    async def _receive(self) -> None:
        channel = await self._layer.new_channel()
        await self._layer.group_add(GROUP, channel)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(REJOIN_SECONDS):
                    while True:
                        self._woken(await self._layer.receive(channel))
        finally:
            await self._layer.group_discard(GROUP, channel)

    def _woken(self, message: Mapping[str, Any]) -> None:
        numbers = message.get("numbers") if message.get("type") == ADVANCED else None
        if not isinstance(numbers, Mapping):
            self.faults["message"] += 1
            logger.error("A message on the streams group is not a wake-up.", extra={"type": message.get("type")})
            return
        for stream in numbers.keys() & self._streams.keys():
            self._reached(stream, numbers[stream])

    def _reached(self, stream: str, number: int) -> None:
        """It has come so far: read it where somebody shows what is new."""
        followed = self._streams[stream]
        if number <= followed.floor():
            return
        if not followed.is_idle():
            self._mark(stream)
            return
        for follower in followed.followers:
            if follower.cursor < number:
                follower.pass_by(number)

    async def _compare_always(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._pause_seconds)
            try:
                await self._compare()
            except Exception:
                await self._survived("counters", "The counters of the streams could not be read.")

    async def _compare(self) -> None:
        floors = {stream: followed.floor() for stream, followed in self._streams.items()}
        if not floors:
            return
        numbers = await self._log.last_numbers(list(floors))
        for stream in floors.keys() & self._streams.keys():
            self._streams[stream].counter = numbers[stream]
            self._reached(stream, numbers[stream])
            if numbers[stream] < floors[stream]:
                self._shrunk(self._streams[stream])

    def _shrunk(self, followed: Followed) -> None:
        """The log ends before where followers stand: another database was put in its place."""
        self._drop_all(follower for follower in tuple(followed.followers) if follower.cursor > followed.counter)

    # Read it and hand it over

    async def _read_always(self) -> NoReturn:
        while True:
            while (stream := self._next_due()) is None:
                self._stir.clear()
                await self._stir.wait()
            self._reading.add(stream)
            try:
                await self._advance(stream)
            except Exception:
                await self._survived("log", "A stream could not be read.")
            finally:
                asyncio.get_running_loop().call_later(GATHER_SECONDS, self._rested, stream)

    def _rested(self, stream: str) -> None:
        self._reading.discard(stream)
        self._stir.set()

    def _next_due(self) -> str | None:
        stream = next((name for name in self._due if name not in self._reading), None)
        if stream is not None:
            del self._due[stream]
        return stream

    async def _advance(self, stream: str) -> None:
        followed = self._streams[stream]
        since = followed.floor()
        events = await self._log.read(stream, since, PAGE)
        run = unbroken(since, events)
        waiting = self._hand(followed, since, run)
        if waiting or len(run) == PAGE:
            self._mark(stream)
        if run or (not events and followed.counter <= since):
            followed.fruitless = 0
        else:
            self._hole(followed, since)

    def _hand(self, followed: Followed, since: int, run: Sequence[StreamEvent]) -> bool:
        """Hand each follower what it lacks of `run`; True when one joined meanwhile that stands before it."""
        waiting = False
        for follower in tuple(followed.followers):
            if follower.cursor < since:
                waiting = True
            elif fresh := run[follower.cursor - since :]:
                self._call(follower, follower.hand, fresh)
        return waiting

    def _hole(self, followed: Followed, since: int) -> None:
        """The log did not go on after `since`, and it should have."""
        self.faults["hole"] += 1
        followed.fruitless += 1
        logger.error("A stream has a hole.", extra={"after": since, "reads": followed.fruitless})
        if followed.fruitless >= FRUITLESS_READS:
            self._drop_all(follower for follower in tuple(followed.followers) if follower.cursor == since)

    # The followers

    def _call(self, follower: Follower, call: Callable[..., None], *values: Any) -> None:
        try:
            call(*values)
        except Exception:
            self.faults["follower"] += 1
            logger.exception("A follower failed and was dropped.", extra={"stream": follower.stream})
            self._drop(follower)

    def _drop(self, follower: Follower) -> None:
        self.faults["dropped"] += 1
        logger.error("A follower was dropped.", extra={"stream": follower.stream, "cursor": follower.cursor})
        self.unfollow(follower)
        follower.lost()

    def _drop_all(self, followers: Iterable[Follower]) -> None:
        for follower in followers:
            self._drop(follower)

    async def _survived(self, kind: str, sentence: str) -> None:
        self.faults[kind] += 1
        logger.exception(sentence, extra={"faults": self.faults[kind]})
        await asyncio.sleep(self._pause_seconds)


def unbroken(since: int, events: Sequence[StreamEvent]) -> Sequence[StreamEvent]:
    """The events from the first on that count `since` + 1, + 2, … without a hole."""
    for place, event in enumerate(events):
        if event.number != since + 1 + place:
            return events[:place]
    return events


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, StreamWatch] = WeakKeyDictionary()


def stream_watch() -> StreamWatch:
    """The watch of the running loop: a web process has one."""
    loop = asyncio.get_running_loop()
    if loop not in _WATCHES:
        _WATCHES[loop] = StreamWatch(get_channel_layer(), DatabaseLog())
    return _WATCHES[loop]
