"""What runs in the engine's process? One thread, one poller, one pass after another.

A pass takes the commands that wait, moves the market, makes the journal durable with one fsync and only then lets
replies, reports and market data leave. Whatever there is much of (commands, actions of the market, a replay, queries)
is done in slices, so that none keeps the others waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from bridge.simulator.actions import Market
from bridge.simulator.commands import CommandDesk
from bridge.simulator.desk import Desk
from bridge.simulator.exchange import Clock, Exchange
from bridge.simulator.journal import Journal, RecordKind, read_journal, set_aside
from bridge.simulator.market_control import DIRECTORY, ControlRoom, MarketControl
from bridge.simulator.minute_bars import MinuteBars, WorkSender
from bridge.simulator.options import EngineOptions
from bridge.simulator.publisher import Publisher
from bridge.simulator.queries import QueryDesk
from bridge.simulator.reception import Reception
from bridge.simulator.recovery import History
from bridge.simulator.sessions import Sessions
from bridge.simulator.sockets import EngineAddresses, EngineSockets
from bridge.sockets.curve import KeyRing
from bridge.wire.faults import Reason
from bridge.wire.vocabulary import EngineState, RejectCode

logger = logging.getLogger(__name__)

ClockUs: TypeAlias = Callable[[], int]
HEARTBEAT_US = 500_000  #: as market data asks for; more often than the command socket needs
ATTENDANCE_US = 100_000  #: between two looks at the instructions of the market's staff
MOST_MESSAGES = 256  #: of the command socket in one pass
MOST_QUERIES = 16
MOST_MARKET_US = 10_000  #: wall time that the market may take in one pass
LONGEST_WAIT_MS = 50  #: so that a stop is noticed
SHORTEST_WAIT_MS = 1  #: under load: what one batch collects


def wall_clock_us() -> int:
    return time.time_ns() // 1000


class ForwardClock:
    """Stands still where `clock_us` is set back: the bridge gives orders up because a deadline has passed here."""

    def __init__(self, clock_us: ClockUs = wall_clock_us) -> None:
        self._clock_us = clock_us
        self._latest_us = 0

    def __call__(self) -> int:
        self._latest_us = max(self._latest_us, self._clock_us())
        return self._latest_us


class Engine:
    """One life of the engine: an epoch. Build it, `run` it, `close` it, all in one thread."""

    def __init__(
        self,
        market: Market,
        options: EngineOptions,
        *,
        directory: Path,
        keyring: KeyRing,
        addresses: EngineAddresses,
        clock_us: ClockUs = wall_clock_us,
    ) -> None:
        clock_us = self._clock_us = ForwardClock(clock_us)
        self._options = options
        now_us = clock_us()
        history, self._journal = opened_history(directory, now_us, forget=options.forget)
        self.epoch = history.log.epoch
        self._sockets = EngineSockets(keyring)
        self._publisher = Publisher(self._sockets.market_data, self.epoch, market.listings)
        self._bars = MinuteBars(self._publisher, self.epoch)
        self._exchange = Exchange(market, self._bars)
        self._sessions = Sessions(self._sockets.commands, history.log, history.session, clock_us)
        self._desk = Desk(self._exchange, history.orders, history.log, self._journal, self._sessions.report)
        commands = CommandDesk(self._desk)
        self._reception = Reception(self._sessions, commands, history.log, self._journal)
        self._control = ControlRoom(directory / DIRECTORY, MarketControl(self._desk, self._journal))
        self._queries = QueryDesk(self._exchange, self._publisher, self.epoch)
        self._work = WorkSender(self._sockets.work)
        self._market_clock = Clock(now_us, options.speed)
        self._next_heartbeat_us = self._next_attendance_us = now_us
        self._open(now_us)
        self._sockets.bind(addresses)

    def _open(self, now_us: int) -> None:
        """Users' orders first, in their old order; then the market's opening state meets them."""
        for order in self._desk.orders.open_orders():
            self._desk.reopen(order, now_us)
        self._desk.expire(now_us)
        while self._exchange.next_due_us == 0:
            self._step_market(now_us)
        self._journal.commit(now_us)

    @property
    def faults(self) -> Counter[Reason]:
        """Messages that could not be read, by reason, on commands and queries together."""
        return self._reception.faults + self._queries.faults

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set, then say so."""
        facts = {"epoch": self.epoch, "instruments": len(self._exchange.boards), "orders": len(self._desk.orders)}
        logger.info("The engine is ready.", extra=facts)
        while not stop.is_set():
            self.serve_once(self._wait_ms())
        self._publisher.heartbeat(self._clock_us(), EngineState.STOPPING)

    def serve_once(self, wait_ms: int) -> None:
        """One pass; waits for messages for at most `wait_ms`."""
        readable = self._sockets.readable(wait_ms)
        now_us = self._clock_us()
        if self._sockets.commands in readable:
            self._take_commands()
        self._move_market(now_us)
        self._desk.expire(now_us)
        self._watch_over(now_us)
        self._attend(now_us)
        self._journal.commit(now_us)
        self._let_go(now_us)
        self._control.answer()
        self._work.send(self._bars.take_finished(now_us))
        if self._sockets.queries in readable:
            self._answer_queries()

    def close(self) -> None:
        self._sockets.close()
        self._journal.close()

    def _take_commands(self) -> None:
        for frames in self._sockets.waiting(self._sockets.commands, MOST_MESSAGES):
            self._reception.take(frames, self._clock_us())

    def _watch_over(self, now_us: int) -> None:
        if self._reception.dead_man.fires(now_us):
            logger.error("The order bridge is silent: every order is ended.", extra={"session": self._sessions.session})
            self._desk.end_all(now_us, RejectCode.BRIDGE_SILENT, "The order bridge gave no sign of life.")

    def _attend(self, now_us: int) -> None:
        if now_us >= self._next_attendance_us:
            self._next_attendance_us = now_us + ATTENDANCE_US
            self._control.attend(now_us)

    def _answer_queries(self) -> None:
        for frames in self._sockets.waiting(self._sockets.queries, MOST_QUERIES):
            self._sockets.queries.send_multipart(self._queries.answer(frames))

    def _move_market(self, now_us: int) -> None:
        hold = self._options.hold_file
        market_us = self._market_clock.advance(now_us, held=hold is not None and hold.exists())
        until_us = now_us + MOST_MARKET_US
        while (due_us := self._exchange.next_due_us) is not None and due_us <= market_us:
            now_us = self._clock_us()
            if now_us > until_us:
                self._market_clock.fall_back(due_us)
                return
            self._step_market(now_us)

    def _step_market(self, now_us: int) -> None:
        board, fills = self._exchange.step(now_us)
        self._desk.market_moved(board, fills, now_us)

    def _let_go(self, now_us: int) -> None:
        """Let everything leave that the journal now holds; each half second with heartbeats behind it."""
        beat = now_us >= self._next_heartbeat_us
        if beat:
            self._next_heartbeat_us = now_us + HEARTBEAT_US
            self._sessions.heartbeat()
        self._sessions.deliver()
        self._publisher.flush()
        if beat:
            self._publisher.heartbeat(now_us, EngineState.OPEN)

    def _wait_ms(self) -> int:
        if self._sessions.replaying:
            return SHORTEST_WAIT_MS
        due_us = self._exchange.next_due_us
        if due_us is None:
            return LONGEST_WAIT_MS
        wait_ms = self._market_clock.wall_us_until(due_us) // 1000
        return max(SHORTEST_WAIT_MS, min(wait_ms, LONGEST_WAIT_MS))


def opened_history(directory: Path, now_us: int, *, forget: bool) -> tuple[History, Journal]:
    """What the engine knows at its start, and the journal to go on with; a new epoch has begun in both."""
    epoch = max(_last_epoch(directory) + 1, now_us)
    if forget and (aside := set_aside(directory, now_us)):
        logger.warning("The journal was set aside: the engine forgets.", extra={"journal": str(aside)})
    journal = Journal(directory)
    history = History(journal)
    history.read(read_journal(journal.path))
    journal.append(RecordKind.START, now_us, epoch)
    journal.commit(now_us)
    history.log.begin(epoch)
    return history, journal


def _last_epoch(directory: Path) -> int:
    if not Journal.exists(directory):
        return 0
    starts = (record.session for record in read_journal(directory) if record.kind is RecordKind.START)
    return max(starts, default=0)
