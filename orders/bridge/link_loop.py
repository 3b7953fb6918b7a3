"""What does the link thread do? It owns every socket: engine, web requests, channel layer. It decides nothing."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence, Sized
from typing import Any, Final

from bridge.link.commands import CommandLink
from bridge.link.queries import QueryFault, QueryLink
from bridge.link.states import Fenced as LinkFenced
from bridge.link.states import LinkEvent, LinkState, StateChanged
from bridge.sockets.arrivals import polling
from bridge.sockets.pump import Socket
from bridge.wire.messages import (
    CommandReply,
    EngineHeartbeat,
    ExecutionReport,
    FromEngine,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    OrderList,
    OrderStatus,
    ReplayDone,
)
from notifications.wakeups import GROUP, advanced
from orders.bridge.core_loop import Pulse
from orders.bridge.departures import Departing, Departures
from orders.bridge.intake import Intake
from orders.bridge.kill_files import KillFiles
from orders.bridge.kill_switch import KillSwitch
from orders.bridge.last_hop import LastHop, firm_halted
from orders.bridge.outbox import Outbox, Outgoing
from orders.bridge.requests_door import RequestsDoor
from orders.core.inputs import (
    EngineBeat,
    Input,
    LinkDown,
    LinkSilent,
    LinkUp,
    Listed,
    Replayed,
    Replied,
    Reported,
    StatusTold,
    Unreadable,
)
from orders.core.trading_states import Restriction
from orders.ledger import Fenced
from orders.requests import BridgeAnswer, BridgeQuery
from tradingmw.crash_points import CrashPoint, crash_point
from tradingmw.layers import GroupPublisher

logger = logging.getLogger(__name__)

TURN_MS = 50
BLOCKED_TURN_MS = 1  #: while commands wait for the network
LOOK_SECONDS = 0.01  #: between two looks at what time or others may have changed
INSTRUMENTS_TIMEOUT_MS = 500
INSTRUMENTS_RETRY_SECONDS = 1.0
GREETED = (LinkState.SYNCING, LinkState.LIVE)


class LinkLoop:
    """The turns of the link thread; made where its sockets are, then run by one thread only."""

    def __init__(
        self,
        *,
        link: CommandLink,
        queries: QueryLink,
        door: RequestsDoor,
        publisher: GroupPublisher,
        intake: Intake,
        outbox: Outbox,
        pulse: Pulse,
        clock_us: Callable[[], int],
        last_hop: LastHop,
        has_prices: Callable[[], bool],
        kill_files: KillFiles,
        restrictions: Sequence[Restriction],
    ) -> None:
        self._link, self._queries, self._door, self._publisher = link, queries, door, publisher
        self._intake, self._outbox, self._pulse, self._clock_us = intake, outbox, pulse, clock_us
        self._instruments: dict[str, Instrument] = {}
        self._instruments_epoch = 0
        self._instruments_at = 0.0
        self._to_greet = False
        self._open = False  #: the core takes new orders
        self._last_hop, self._has_prices = last_hop, has_prices
        self._has_tripped = False  #: as far as the kill switch was told
        self._kill_switch = KillSwitch(
            kill_files, intake, link.send, session=link.session, clock_us=clock_us, in_force=restrictions
        )
        door.kill = self._kill_switch.asked
        self._departures = Departures(link, clock_us, last_hop, self._stopped)
        self._polled: list[Socket] = []
        self._poller = polling(self._polled)
        self._look_at = 0.0
        self._faults = 0  #: what the engine has said that could not be read, as far as the core knows
        self._request_ids = itertools.count(1)

    def run(self, stop: threading.Event, last_epoch: int, last_seq: int) -> None:
        """Until `stop`, and one turn more for what the core has left; raises `Fenced` for a newer session."""
        self._link.start(last_epoch, last_seq)
        try:
            while not stop.is_set():
                self._turn()
            self._turn()
            self._link.take_leave()
        finally:
            self._close()

    def _turn(self) -> None:
        ready = self._poll()
        if self._outbox.wake.socket in ready:
            for outgoing in self._outbox.drain():
                self._send(outgoing)
        if self._door.socket in ready:
            self._door.serve(self._answer_query)
        if self._link.socket in ready:
            self._hear()
        if (now := time.monotonic()) >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        for event in self._link.take_events():
            self._heed(event)
        self._depart()
        if self._to_greet:
            self._greet()

    def _look(self) -> None:
        """Much oftener than anybody waits for it, and not for each of thousands of messages a second."""
        self._door.look()
        for event in self._link.on_tick():
            self._heed(event)
        self._kill_switch.tick()

    def _poll(self) -> Collection[Socket]:
        """Which sockets have something to be read; that of the link is another after each lost connection."""
        sockets = [self._outbox.wake.socket, self._door.socket]
        if self._intake.engine_has_room:
            sockets.append(self._link.socket)
        if sockets != self._polled:
            self._polled, self._poller = sockets, polling(sockets)
        return dict(self._poller.poll(BLOCKED_TURN_MS if self._departures else TURN_MS))

    # --- what the core has committed -------------------------------------------------------------------------------
    def _send(self, outgoing: Outgoing) -> None:
        self._link.applied(outgoing.cursor.epoch, outgoing.cursor.seq)
        self._last_hop.license(outgoing.journalled)
        came_to(CrashPoint.COMMAND_LEAVING, outgoing.to_engine)
        self._departures.add(outgoing.to_engine, outgoing.epoch, outgoing.committed_us)
        self._depart()
        came_to(CrashPoint.COMMAND_SENT, outgoing.to_engine)
        self._kill_switch.heed(outgoing.booked, outgoing.restrictions)
        if outgoing.restrictions is not None and self._has_tripped and not self._kill_switch.has_halted_firm:
            self._last_hop.rearm()  # two people have released it
        for ticket, answer in outgoing.answers:
            self._door.answer(ticket, answer)
        came_to(CrashPoint.ANSWERS_SENT, outgoing.answers)
        if outgoing.wakeups:
            self._publisher.group_send(GROUP, advanced(outgoing.wakeups))
        self._open = outgoing.live
        if outgoing.live:
            self._link.live()
        if outgoing.begin_anew:
            self._link.renew("the core has read its state again")

    def _stopped(self, message: Departing) -> bool:
        return self._kill_switch.stops(message, self._instruments)

    def _heed_trip(self) -> None:
        """More was about to leave than is journalled: the firm is halted, as by a person."""
        tripped = bool(self._last_hop.reason)
        if tripped and not self._has_tripped:
            self._kill_switch.kill(firm_halted(self._last_hop.reason, self._clock_us()))
        self._has_tripped = tripped

    def _depart(self) -> None:
        if self._departures and (given_back := self._departures.leave()):
            self._intake.offer_engine(given_back)
        self._heed_trip()

    # --- the link --------------------------------------------------------------------------------------------------
    def _hear(self) -> None:
        """What could not be read stands before what could: nobody knows what came first."""
        words = [word for one in self._link.on_readable() if (word := self._word(one)) is not None]
        faults = self._link.faults.total()
        if faults > self._faults:
            words.insert(0, Unreadable())
        self._faults = faults
        came_to(CrashPoint.REPORT_READ, words)
        self._intake.offer_engine(words)

    def _word(self, message: FromEngine) -> Input | None:
        """For the core: a report with the way it has come, and nothing that was only for the kill switch."""
        if isinstance(message, ExecutionReport):
            return Reported(message, self._departures.hops(message))
        if isinstance(message, CommandReply) and self._kill_switch.is_answer(message):
            return None
        return as_input(message)

    def _heed(self, event: LinkEvent) -> None:
        if isinstance(event, LinkFenced):
            raise Fenced(event.reason)
        if event.state is LinkState.SYNCING:
            self._to_greet = True
            self._kill_switch.welcomed()
        elif event.state is LinkState.DEGRADED:
            self._to_greet = False
            self._intake.offer_engine([LinkSilent()])
        elif lost(event):
            self._to_greet = False
            self._intake.offer_engine([LinkDown(event.reason)])

    def _greet(self) -> None:
        """Tell the core that the session stands, with the epoch's instruments: their ids are valid in it only."""
        if self._link.state not in GREETED:
            self._to_greet = False
        elif self._instruments_epoch == self._link.epoch or self._fetch_instruments():
            up = LinkUp(self._link.epoch, self._link.engine_last_seq, self._instruments)
            self._intake.offer_engine([up])
            self._to_greet = False

    def _fetch_instruments(self) -> bool:
        now = time.monotonic()
        if now < self._instruments_at:
            return False
        self._instruments_at = now + INSTRUMENTS_RETRY_SECONDS
        try:
            request = InstrumentListRequest(request_id=next(self._request_ids))
            table = self._queries.ask(request, INSTRUMENTS_TIMEOUT_MS)
        except QueryFault as error:
            logger.warning("The engine gave no instrument table", extra={"why": str(error)})
            return False
        if not isinstance(table, InstrumentList) or table.epoch != self._link.epoch:
            logger.warning("The engine's instrument table is not of this epoch", extra={"epoch": self._link.epoch})
            return False
        self._instruments = {row.symbol: row for row in table.instruments}
        self._instruments_epoch = table.epoch
        return True

    def _answer_query(self, query: BridgeQuery) -> BridgeAnswer:
        """A live link while the core settles differences is told as what it is to users: not in step yet."""
        live = self._link.state is LinkState.LIVE
        shown = LinkState.SYNCING if live and not self._open else self._link.state
        return BridgeAnswer(
            request_id=query.request_id,
            link=shown.value,
            live=shown is LinkState.LIVE,
            epoch=self._link.epoch,
            session=self._link.session,
            core_age_ms=self._pulse.age_ms,
            tripped=self._last_hop.reason,
            has_prices=self._has_prices(),
            restrictions=self._kill_switch.view(),
        )

    def _close(self) -> None:
        self._link.close()
        self._queries.close()
        self._door.close()
        self._publisher.close()
        self._outbox.wake.close()


def came_to(point: CrashPoint, what: Sized) -> None:
    """A step of which there is nothing to be done is none."""
    if what:
        crash_point(point)


def lost(event: StateChanged) -> bool:
    """The session has ended; an attempt that never came to one is no news to the core."""
    return event.state is LinkState.DOWN and event.before is not LinkState.CONNECTING


WORDS: Final[Mapping[type[FromEngine], Callable[[Any], Input]]] = {
    ExecutionReport: Reported,
    CommandReply: Replied,
    OrderStatus: StatusTold,
    OrderList: Listed,
    ReplayDone: Replayed,
    EngineHeartbeat: lambda beat: EngineBeat(beat.epoch, beat.last_seq),
}


def as_input(message: FromEngine) -> Input | None:
    """What the core is told; session messages are the link's own affair."""
    word = WORDS.get(type(message))
    return word(message) if word else None
