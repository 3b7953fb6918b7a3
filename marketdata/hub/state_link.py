"""How does a hub get the whole state from the feed bridge? DEALER → ROUTER, answered in parts of one moment."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Port, PortClosed, PortFull, Pump
from marketdata.frames import (
    LONGEST_PACE_US,
    FeedState,
    InstrumentState,
    Pace,
    StatePart,
    StateRequest,
    encode,
    read_state_part,
)
from marketdata.lag import clock_us
from tradingmw.env import Env

HWM = 1_000
TIMEOUT_SECONDS = 2.0  #: between two parts


class NoState(Exception):
    """The feed bridge did not answer in time, or has no state itself yet."""


class State(NamedTuple):
    """All instruments at one moment; `numbers` are the shards' frame numbers at which they stand.

    `made_us` by the feed bridge's clock; by ours it was asked for at `asked_us` and had begun to come at `heard_us`.
    """

    epoch: int
    numbers: dict[str, int]
    feed: FeedState
    age_ms: int
    asked_us: int
    made_us: int
    heard_us: int
    instruments: list[InstrumentState]


class StateLink:
    """The process's line to the feed bridge's state. Used from one event loop."""

    def __init__(self, pump: Pump, env: Env, counts: Counter[str]) -> None:
        self._pump, self._env, self._counts = pump, env, counts
        self._numbers = itertools.count(1)
        self._port: Port | None = None
        self._asked = 0
        self._parts: asyncio.Queue[StatePart | None] = asyncio.Queue()  #: None: the request did not leave

    async def ask(self) -> State:
        """The state as the feed bridge has it now; `NoState`, or what opening the socket raises (`KeyFault`, …)."""
        self._asked = next(self._numbers)
        self._parts = asyncio.Queue()
        asked_us = clock_us()
        self._send(StateRequest(self._asked))
        return await self._collected(asked_us)

    async def pulse(self) -> StatePart:
        """How the feed is now, without its instruments; `NoState`. Not while `ask` waits."""
        self._asked = next(self._numbers)
        self._parts = asyncio.Queue()
        self._send(StateRequest(self._asked, pulse=True))
        return await self._next_part()

    def pace(self, seconds: float) -> None:
        """Says what should lie between two flushes; nothing happens before the first question."""
        if self._port is None:
            return
        try:
            self._send(Pace(min(int(seconds * 1e6), LONGEST_PACE_US)))
        except NoState:
            self._counts["paces_unsent"] += 1

    def close(self) -> None:
        if self._port is not None:
            self._port.close()

    def _send(self, request: StateRequest | Pace) -> None:
        try:
            self._opened().send([encode(request)])
        except (PortFull, PortClosed) as error:
            raise NoState("The process's ZeroMQ thread takes no more work.") from error

    async def _collected(self, asked_us: int) -> State:
        instruments: list[InstrumentState] = []
        expected = heard_us = 0
        while True:
            part = await self._part()
            heard_us = heard_us or clock_us()
            if part.part != expected:
                raise NoState(f"Part {expected} of the state is missing.")
            instruments += part.instruments
            expected += 1
            if expected == part.parts:
                times = (asked_us, part.made_us, heard_us)
                return State(part.epoch, part.numbers, part.state, part.age_ms, *times, instruments)

    async def _part(self) -> StatePart:
        part = await self._next_part()
        if not part.epoch:
            raise NoState("The feed bridge has no market yet.")
        return part

    async def _next_part(self) -> StatePart:
        try:
            part = await asyncio.wait_for(self._parts.get(), TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise NoState("The feed bridge does not answer.") from error
        if part is None:
            raise NoState("The feed bridge is not connected.")
        return part

    def _opened(self) -> Port:
        if self._port is None:
            loop = asyncio.get_running_loop()
            self._port = self._pump.attach(
                self._open,
                lambda frames: self._hand_over(loop, self._on_part, frames),
                on_unsent=lambda frames: self._hand_over(loop, self._on_unsent, frames),
            )
        return self._port

    def _open(self, context: zmq.Context[zmq.Socket[bytes]]) -> zmq.Socket[bytes]:
        socket = configure(context.socket(zmq.DEALER), hwm=HWM)
        KeyRing(self._env.keys).connect(socket, Role.WEB, Role.FEED_BRIDGE)
        socket.connect(self._env.feed_state)
        return socket

    # In the pump thread -------------------------------------------------------------------------------------------
    @staticmethod
    def _hand_over(loop: asyncio.AbstractEventLoop, take: Callable[[list[bytes]], None], frames: list[bytes]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(take, frames)

    # On the loop --------------------------------------------------------------------------------------------------
    def _on_unsent(self, _frames: list[bytes]) -> None:
        self._counts["state_requests_unsent"] += 1
        self._parts.put_nowait(None)

    def _on_part(self, frames: list[bytes]) -> None:
        try:
            (payload,) = frames
            part = read_state_part(payload)
        except (ValueError, msgspec.MsgspecError):
            self._counts["malformed_state_parts"] += 1
            return
        if part.request_id == self._asked:
            self._parts.put_nowait(part)
