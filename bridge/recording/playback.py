"""How is a recording played, so that bridges and screens work from it? As the market side of an engine.

Every part, every round and every seek is a new epoch, as a new life of an engine is. Batches leave byte for byte as
they came, numbered from 1; table and snapshots are those of the recording as far as it has been played; heartbeats and
status are the player's own, by its clock. Nothing can be traded: the engine says `closed`, and orders are answered
`MARKET_CLOSED`.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import asdict

from bridge.recording.file import Kind, Recorded, RecordingError
from bridge.recording.parts import Part, apply
from bridge.recording.state import RecordedInstrument
from bridge.simulator.actions import Action
from bridge.simulator.commands import CommandDesk
from bridge.simulator.desk import Desk
from bridge.simulator.exchange import Clock, Exchange
from bridge.simulator.listings import Listing
from bridge.simulator.minute_bars import WorkSender
from bridge.simulator.orders import UserOrder
from bridge.simulator.publisher import Publisher
from bridge.simulator.queries import QueryDesk
from bridge.simulator.reception import Reception
from bridge.simulator.refusals import Refusal
from bridge.simulator.server import ClockUs, ForwardClock, opened_history, wall_clock_us
from bridge.simulator.sessions import Sessions
from bridge.simulator.sockets import EngineAddresses, EngineSockets
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import decode_bar
from bridge.wire.envelope import Kind as Payload
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import InstrumentSnapshot, NewOrder, ReplaceOrder
from bridge.wire.vocabulary import EngineState, RejectCode

logger = logging.getLogger(__name__)

HEARTBEAT_US = 500_000
PROGRESS_US = 10_000_000
MOST_MESSAGES = 256
MOST_QUERIES = 16
MOST_PLAYED_US = 10_000  #: wall time that playing may take in one pass
LONGEST_WAIT_MS, SHORTEST_WAIT_MS = 50, 1
TOPIC_PREFIX = "md."


class ClosedMarket(NamedTuple):
    """Instruments that nobody makes a market in: what happens to them is played."""

    listings: tuple[Listing, ...]

    def actions(self) -> Iterator[Action]:
        return iter(())


class ClosedDesk(Desk):
    """Takes no order; cancels and questions are answered as ever."""

    def place(self, command: NewOrder, now_us: int) -> UserOrder:
        raise closed()

    def replace(self, order: UserOrder, command: ReplaceOrder, now_us: int) -> None:
        raise closed()


class PlayedBoard(NamedTuple):
    """An instrument as the query desk shows it."""

    listing: Listing
    state: RecordedInstrument

    def snapshot(self) -> InstrumentSnapshot:
        return self.state.snapshot()


class PlayedBoards(NamedTuple):
    boards: Mapping[int, PlayedBoard]


class PlaybackOptions(NamedTuple):
    """How market time runs, and where the market stands still."""

    speed: float = 1.0
    hold_file: Path | None = None


class Playback:
    """One life of the player: a part of a recording. Build it, `run` it, `close` it, all in one thread."""

    def __init__(
        self,
        part: Part,
        options: PlaybackOptions,
        *,
        directory: Path,
        keyring: KeyRing,
        addresses: EngineAddresses,
        clock_us: ClockUs = wall_clock_us,
    ) -> None:
        self._clock_us = ForwardClock(clock_us)
        self._part, self._options = part, options
        now_us = self._clock_us()
        history, self._journal = opened_history(directory, now_us, forget=False)
        self.epoch = history.log.epoch
        self.played = 0
        self._sockets = EngineSockets(keyring)
        listings = tuple(Listing(**asdict(entry)) for entry in part.table)
        self._publisher = Publisher(self._sockets.market_data, self.epoch, listings)
        self._sessions = Sessions(self._sockets.commands, history.log, history.session, self._clock_us)
        exchange = Exchange(ClosedMarket(listings), self._publisher)
        self._desk = ClosedDesk(exchange, history.orders, history.log, self._journal, self._sessions.report)
        self._reception = Reception(self._sessions, CommandDesk(self._desk), history.log, self._journal)
        states = part.market.instruments
        boards = {one.instrument_id: PlayedBoard(one, states[one.instrument_id]) for one in listings}
        self._queries = QueryDesk(PlayedBoards(boards), self._publisher, self.epoch)
        self._work = WorkSender(self._sockets.work)
        self._shards = {listing.shard for listing in listings}
        self._clock = Clock(now_us, options.speed)
        self._next: Recorded | None = None
        self._begins_ns = 0
        self._advance()
        self._begins_ns = self._next.at_ns if self._next else 0
        self._next_heartbeat_us, self._next_progress_us = now_us, now_us + PROGRESS_US
        self._sockets.bind(addresses)

    @property
    def faults(self) -> Counter[Reason]:
        """Messages that could not be read, by reason, on commands and queries together."""
        return self._reception.faults + self._queries.faults

    def run(self, stop: threading.Event) -> None:
        """Play until the part is over, or until `stop`; raises `RecordingError` where the file goes no further."""
        logger.info("The engine is ready.", extra={"epoch": self.epoch, "instruments": len(self._shown), "orders": 0})
        while self._next is not None and not stop.is_set():
            self.serve_once(self._wait_ms())

    def hold(self, stop: threading.Event) -> None:
        """The market stands as it was left until `stop`."""
        while not stop.is_set():
            self.serve_once(LONGEST_WAIT_MS)

    def serve_once(self, wait_ms: int) -> None:
        """One pass; waits for messages for at most `wait_ms`."""
        readable = self._sockets.readable(wait_ms)
        now_us = self._clock_us()
        if self._sockets.commands in readable:
            for frames in self._sockets.waiting(self._sockets.commands, MOST_MESSAGES):
                self._reception.take(frames, self._clock_us())
        self._play(now_us)
        if self._reception.dead_man.fires(now_us):
            self._desk.end_all(now_us, RejectCode.BRIDGE_SILENT, "The order bridge gave no sign of life.")
        self._journal.commit(now_us)
        self._let_go(now_us)
        if self._sockets.queries in readable:
            for frames in self._sockets.waiting(self._sockets.queries, MOST_QUERIES):
                self._sockets.queries.send_multipart(self._queries.answer(frames))

    def close(self) -> None:
        self._publisher.heartbeat(self._clock_us(), EngineState.STOPPING)
        self._sockets.close()
        self._journal.close()

    @property
    def _shown(self) -> Mapping[int, RecordedInstrument]:
        return self._part.market.instruments

    # --- what is played ----------------------------------------------------------------------------------------------
    def _play(self, now_us: int) -> None:
        hold = self._options.hold_file
        held = hold is not None and hold.exists()
        market_us = self._clock.advance(now_us, held=held)
        if held:
            return
        until_us = now_us + MOST_PLAYED_US
        while self._next is not None and (due_us := self._due_us(self._next)) <= market_us:
            if self._clock_us() > until_us:
                self._clock.fall_back(due_us)
                return
            message = self._next
            self._show(message)
            self._advance()

    def _show(self, message: Recorded) -> None:
        if message.kind is Kind.BAR:
            self._show_bar(message)
            return
        shard = message.topic.decode("ascii", "replace").removeprefix(TOPIC_PREFIX)
        kind = apply(self._part.market, message).kind
        if kind is not Payload.MESSAGE and shard in self._shards:
            self._publisher.batch(shard, kind, message.payload)
            self.played += 1

    def _show_bar(self, message: Recorded) -> None:
        try:
            bar = decode_bar([message.envelope, message.payload])
        except WireError as error:
            raise RecordingError(f"The recording holds a bar that no engine sent: {error}") from error
        self._work.send([type(bar)(**{**asdict(bar), "epoch": self.epoch})])

    def _advance(self) -> None:
        self._next = next(self._part.messages, None)

    def _due_us(self, message: Recorded) -> int:
        """Market time from the begin of this life; a recorder's clock may have stepped back."""
        return max(0, message.at_ns - self._begins_ns) // 1000

    def _let_go(self, now_us: int) -> None:
        beat = now_us >= self._next_heartbeat_us
        if beat:
            self._next_heartbeat_us = now_us + HEARTBEAT_US
            self._sessions.heartbeat()
        self._sessions.deliver()
        if beat:
            self._publisher.heartbeat(now_us, EngineState.CLOSED)
        if now_us >= self._next_progress_us and self._next is not None:
            self._next_progress_us = now_us + PROGRESS_US
            seconds = round(self._due_us(self._next) / 1e6, 1)
            logger.info("The recording is played", extra={"at_seconds": seconds, "messages": self.played})

    def _wait_ms(self) -> int:
        if self._sessions.replaying or self._next is None:
            return SHORTEST_WAIT_MS
        wait_ms = self._clock.wall_us_until(self._due_us(self._next)) // 1000
        return max(SHORTEST_WAIT_MS, min(wait_ms, LONGEST_WAIT_MS))


def closed() -> Refusal:
    return Refusal(RejectCode.MARKET_CLOSED, "A recording is played: nothing can be traded.")
