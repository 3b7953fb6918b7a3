"""How does a hub come by the market, and how does it notice that it missed something?

One receiver on the channel layer for the whole process. Frames are numbered; after a lost one, in a new epoch, when the
feed was silent, or when frames wait so long that their prices are no longer the market's, the whole state is fetched
and the frames that came meanwhile are applied on top. Nothing is ever guessed or patched. Everything runs on one event
loop and lives on through faults of the layer and the feed bridge.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from bridge.sockets.curve import KeyFault
from bridge.sockets.throttle import Throttle
from marketdata.frames import (
    LATE_SECONDS,
    LOOK_SECONDS,
    MESSAGE_TYPE,
    SILENCE_SECONDS,
    FeedState,
    Frame,
    group,
    read_frame,
)
from marketdata.hub.hub import Hub
from marketdata.hub.pushes import ENCODERS, FORMATS, UPDATE, Heartbeat, push
from marketdata.hub.state_link import NoState, State, StateLink
from marketdata.lag import Lag, clock_us

logger = logging.getLogger(__name__)
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 2.0
UPDATES_BUFFERED = 50_000  #: while a state is fetched; more means that the fetch is too slow, and it starts again
HEARTBEAT_SECONDS = 1.0


class HubSource:
    """Feeds one hub. `layer` is the process's channel layer.

    `counts`: frames, gaps, late (frames that waited too long), new_epochs, states, silences, malformed_frames,
    old_frames, layer_faults, state_faults.
    """

    def __init__(self, hub: Hub, layer: Any, link: StateLink, counts: Counter[str]) -> None:
        self.counts = counts
        self._hub, self._layer, self._link = hub, layer, link
        self._channel = ""
        self._joined: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._buffer: deque[Frame] = deque()
        self._buffered = 0  #: updates in it
        self._wanted = asyncio.Event()  #: a state is wanted
        self._wanted.set()
        self._installed = asyncio.Event()  #: a state was installed once
        self._feed, self._age_ms, self._heard_at = FeedState.DOWN, 0, float("-inf")
        self._lag = Lag()
        self._fetched_at = float("-inf")
        self._dark = False  #: silence was told; until frames come again and a state was installed
        self._throttle = Throttle()

    # What others ask ---------------------------------------------------------------------------------------------
    def feed(self) -> tuple[FeedState, int | None]:
        """The feed's state and how many ms ago the engine was last heard (None: never)."""
        if self._heard_at == float("-inf"):
            return FeedState.DOWN, None
        state = FeedState.DOWN if self._silent else self._feed
        return state, self._age_ms + int((time.monotonic() - self._heard_at) * 1000)

    @property
    def waiting(self) -> int:
        """Frames that wait for a state."""
        return len(self._buffer)

    @property
    def _silent(self) -> bool:
        return time.monotonic() - self._heard_at > SILENCE_SECONDS

    async def ready(self, seconds: float) -> bool:
        """Whether there is a state, after waiting for it that long at most."""
        try:
            await asyncio.wait_for(self._installed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await asyncio.gather(*map(self._lasting, (self._receive, self._synchronise, self._beat, self._look)))
        finally:
            self._link.close()

    async def _lasting(self, work: Callable[[], Awaitable[None]]) -> None:
        """Runs `work` again and again; what it raises is counted and logged, and it begins anew."""
        while True:
            try:
                await work()
            except Exception as error:
                self.counts["layer_faults"] += 1
                if self._throttle.due():
                    logger.warning("Market data of this process was interrupted", exc_info=error)
                await asyncio.sleep(FIRST_RETRY_SECONDS)

    # Frames ------------------------------------------------------------------------------------------------------
    async def _receive(self) -> None:
        self._channel = await self._layer.new_channel("market")
        self._joined.clear()
        self._wanted.set()
        while True:
            message = await self._layer.receive(self._channel)
            if message.get("type") == MESSAGE_TYPE:
                self._on_message(message)
            await asyncio.sleep(0)  # to receive what waits suspends nothing, and flushes and requests need their turn

    def _on_message(self, message: dict[str, Any]) -> None:
        try:
            frame = read_frame(message["body"])
        except (KeyError, TypeError, msgspec.MsgspecError):
            self.counts["malformed_frames"] += 1
            return
        self.counts["frames"] += 1
        waited_seconds = self._lag.seconds(frame.sent_us, clock_us())
        self._heard(frame.state, frame.age_ms, waited_seconds)
        if self._wanted.is_set():
            self._keep(frame)
        elif not self._follows(frame, waited_seconds):
            self._keep(frame)
            self._wanted.set()

    def _keep(self, frame: Frame) -> None:
        """For the state that is being fetched."""
        self._buffer.append(frame)
        self._buffered += updates_of(frame)
        while self._buffered > UPDATES_BUFFERED:
            self._buffered -= updates_of(self._buffer.popleft())

    def _kept(self) -> list[Frame]:
        """What came meanwhile; nothing is kept any more."""
        kept = list(self._buffer)
        self._buffer.clear()
        self._buffered = 0
        return kept

    def _heard(self, state: FeedState, age_ms: int, waited_seconds: float = 0.0) -> None:
        self._feed, self._age_ms = state, age_ms
        self._heard_at = max(self._heard_at, time.monotonic() - waited_seconds)
        self._hub.live = state is FeedState.LIVE and not self._dark
        if self._dark:
            self._wanted.set()

    def _follows(self, frame: Frame, waited_seconds: float = 0.0) -> bool:
        """Applies `frame`; False where something before it is missing, or where it waited too long."""
        last = self._numbers.get(frame.shard)
        if frame.epoch > self._hub.epoch or last is None:
            self.counts["new_epochs"] += 1
            return False
        if frame.epoch < self._hub.epoch or frame.number <= last:
            self.counts["old_frames"] += bool(frame.updates)
            return True
        if waited_seconds > LATE_SECONDS:
            self.counts["late"] += 1
            return False
        if frame.number == last + 1 and frame.updates:
            self._numbers[frame.shard] = frame.number
            return self._hub.apply(frame.updates)
        self.counts["gaps"] += 1
        return False

    # States ------------------------------------------------------------------------------------------------------
    async def _synchronise(self) -> None:
        await self._wanted.wait()
        pause = FIRST_RETRY_SECONDS
        while not await self._fetched():
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_RETRY_SECONDS)

    async def _fetched(self) -> bool:
        try:
            state = await self._link.ask()
            if state.numbers.keys() - self._joined:
                await self._join(state)  # first the frames, then the state: so that nothing lies between them
                state = await self._link.ask()
        except (NoState, KeyFault) as error:
            self.counts["state_faults"] += 1
            if self._throttle.due():
                logger.info("No market state yet", extra={"why": str(error)})
            return False
        return not state.numbers.keys() - self._joined and self._install(state)

    async def _join(self, state: State) -> None:
        if not self._channel:
            raise NoState("The channel layer is not there yet.")
        for shard in sorted(state.numbers.keys() - self._joined):
            await self._layer.group_add(group(shard), self._channel)
            self._joined.add(shard)

    def _install(self, state: State) -> bool:
        """Whether the state and the frames that came meanwhile join up without a gap."""
        self._dark = self._dark and self._silent
        if not self._dark:
            self._heard(state.feed, state.age_ms)
        self._hub.install(state.epoch, state.instruments)
        self._numbers = dict(state.numbers)
        self._lag.exchanged(state.asked_us, state.made_us, state.heard_us)
        self._fetched_at = time.monotonic()
        self.counts["states"] += 1
        self._installed.set()
        if all(self._follows(frame) for frame in self._kept()):
            self._wanted.clear()
            return True
        return False

    # Heartbeats --------------------------------------------------------------------------------------------------
    async def _beat(self) -> None:
        """Each second: tell every socket how the feed is, and the feed how often its frames can be passed on."""
        await asyncio.sleep(HEARTBEAT_SECONDS)
        self._link.pace(self._hub.clock.interval_seconds)
        state, age_ms = self.feed()
        beat = Heartbeat(time.time_ns() // 1000, state, age_ms)
        beats = {wire: push("heartbeat", UPDATE, wire, [ENCODERS[wire](beat)]) for wire in FORMATS}
        self._hub.heartbeat(beats)

    async def _look(self) -> None:
        """Is the feed bridge still heard? If not, quotes are stale, once; and its state is asked for now and then."""
        await asyncio.sleep(LOOK_SECONDS)
        if not self._silent:
            return
        if self._installed.is_set() and not self._dark:
            self._dark = True
            self.counts["silences"] += 1
            self._hub.darken()
        if time.monotonic() - self._fetched_at > SILENCE_SECONDS:
            self._wanted.set()


def updates_of(frame: Frame) -> int:
    """What a frame counts where frames wait; a heartbeat counts, too."""
    return len(frame.updates) // 4 + 1
