"""What does the core thread do? Take a batch, settle it, hand on the consequences. It owns state and database."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from notifications.stream import user_stream
from orders.bridge.answering import answer_to, refusal
from orders.bridge.intake import Intake
from orders.bridge.last_hop import LastHop
from orders.bridge.outbox import Outbox, Outgoing
from orders.bridge.waiting import Waiter, Waiting
from orders.core.book import Phase
from orders.core.draft import Draft
from orders.core.inputs import Asked, Attend, Halt, Input, Started, Tick, Ticket
from orders.core.marks import Mark
from orders.core.outcomes import Alarm, OrderChanged, OrderReply
from orders.core.state import NOWHERE, Cursor
from orders.core.trading_states import Restriction
from orders.ledger import CommitUnknown, DatabaseAway, Ledger, Postponed, Settled
from orders.ledger.patience import TURN_SECONDS
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import Answer, OrderAnswer, Timing
from tradingmw.crash_points import CrashPoint, crash_point
from tradingmw.errors import Code, Unavailable
from tradingmw.logs import together
from tradingmw.metrics import ACCEPT_SECONDS, BATCH_INPUTS, ENGINE_ANSWER_SECONDS
from tradingmw.sentences import Sentence

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.05
SEVERAL = 4  #: inputs in a batch: others are on their way, and a batch costs as much as ten orders in it
REST_SECONDS = 0.002  #: for which the link thread then has the interpreter to itself
RENEW_SECONDS = 1.0
WELL_SECONDS = 2.0  #: after the last renewal
AWAY_PAUSE_SECONDS = 0.2  #: before a database that is away is asked again
AWAY_TURN_SECONDS = 0.1  #: how long it is then waited for: callers are to be told at once
FIRST_REPORT = 2  #: the version of an order at the engine's first word, where nothing came between
FACTS = {"change": OrderEvent, "order_id": UUID, "client_order_id": str, "status": OrderStatus, "version": int}
CHANGED = Sentence(logger, logging.INFO, "An order was changed", request_id=str, **FACTS)
REPORTED = Sentence(
    logger,
    logging.INFO,
    "A report of the engine was applied",
    request_id=str,
    **FACTS,
    engine_epoch=int,
    engine_seq=int,
)


class Pulse:
    """When the core last finished a pass, and was last sure of its lease; read by the link thread."""

    def __init__(self, cancel_after_ms: int = 0) -> None:
        self._at = self._sure_at = time.monotonic()
        self._cancel_after_ms = cancel_after_ms

    def beat(self) -> None:
        self._at = time.monotonic()

    def sure(self) -> None:
        """Database and lease are there: whatever must be cancelled can be."""
        self._sure_at = time.monotonic()

    def cancel_after_ms(self) -> int | None:
        """What the engine is told while the core is well; None while it is not, or where nothing is to be told."""
        is_well = time.monotonic() - self._sure_at < WELL_SECONDS
        return self._cancel_after_ms if is_well and self._cancel_after_ms else None

    @property
    def age_ms(self) -> int:
        return int((time.monotonic() - self._at) * 1000)


class CoreLoop:
    """The passes of the order core. `counts` tells what it survived: repeats, gaps, late requests, postponements."""

    def __init__(
        self,
        ledger: Ledger,
        intake: Intake,
        outbox: Outbox,
        pulse: Pulse,
        clock_us: Callable[[], int],
        marks: Callable[[], Mapping[str, Mark]],
        last_hop: LastHop,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.events: Counter[str] = Counter()  #: what happened to orders
        self._ledger, self._intake, self._outbox, self._pulse = ledger, intake, outbox, pulse
        self._clock_us, self._marks, self._last_hop = clock_us, marks, last_hop
        self._waiting = Waiting()
        self._place: tuple[Cursor, bool] | None = None  #: what the link thread was told last
        self._renew_at = time.monotonic() + RENEW_SECONDS
        self._is_away = False  #: the database; nothing is tried with it but to renew the lease
        self._ask_at = 0.0  #: when it is asked again
        self._has_forgotten = False  #: the book is not what the database holds, or may not be

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; raises `Fenced` when another bridge has taken over.

        Before each pass it is sure of its lease: one that stood still for long answers nothing before it has looked.
        """
        self._begin()
        batch: Sequence[Input] = ()
        while not stop.is_set():
            if len(batch) >= SEVERAL:
                time.sleep(REST_SECONDS)
            batch = self._intake.take(TICK_SECONDS) or [Tick()]
            if self._holds_lease() and self._remembers():
                self._pass(batch)
                self._pulse.beat()
            else:
                self._postpone(Postponed(batch))

    def _begin(self) -> None:
        """From what the ledger has read."""
        self._intake.holdings.begin(self._ledger.held, self._ledger.book.orders.values())
        self._pass([Started()])

    def _pass(self, batch: Sequence[Input]) -> None:
        if not isinstance(batch[0], Tick | Attend):
            BATCH_INPUTS.observe(len(batch))
            crash_point(CrashPoint.BATCH_TAKEN)
        self._ledger.book.marks, self._ledger.book.tripped = self._marks(), self._last_hop.reason
        try:
            for outcome in self._ledger.settle(batch, self._clock_us()):
                if isinstance(outcome, Postponed):
                    self._is_away = True
                    self._postpone(outcome)
                else:
                    self._publish(outcome)
        except CommitUnknown:
            self.counts["unknown_commits"] += 1
            logger.error("The outcome of a commit is not known; the state is read again")
            self._intake.give_back(each for each in batch if isinstance(each, Halt))
            self._has_forgotten = True

    # --- what follows a commit -------------------------------------------------------------------------------------
    def _publish(self, settled: Settled) -> None:
        draft = settled.draft
        self.counts.update(draft.counts)
        self._intake.holdings.follow(draft.happenings)
        self._tell_waiting(settled)
        committed_us = self._clock_us()
        answers = [*self._answered(settled, committed_us), *self._waiting.take_due(draft.now_us)]
        live = draft.link.phase is Phase.LIVE
        wakeups = settled.numbers if draft.happenings else {}
        outgoing = Outgoing(
            draft.cursor,
            live,
            draft.to_engine,
            answers,
            wakeups,
            epoch=draft.link.epoch,
            committed_us=committed_us,
            journalled=settled.commands,
            booked=draft.booked,
            restrictions=self._in_force if draft.state_changes else None,
        )
        halted = draft.booked or draft.state_changes
        if draft.to_engine or answers or wakeups or halted or (draft.cursor, live) != self._place:
            self._outbox.put(outgoing)
            self._place = (draft.cursor, live)
        if draft.writes:
            crash_point(CrashPoint.HANDED_OVER)
        with together():
            self._show(draft)
            raise_alarms(draft.alarms)

    @property
    def _in_force(self) -> Sequence[Restriction]:
        return tuple(self._ledger.book.restrictions.values())

    def _show(self, draft: Draft) -> None:
        """In log and figures, after everybody who waits was served."""
        now_us = self._clock_us()
        for reply in draft.replies:
            if isinstance(reply, OrderReply) and reply.created and reply.ticket.arrived_us:
                ACCEPT_SECONDS.observe((now_us - reply.ticket.arrived_us) / 1_000_000)
        for each in draft.happenings:
            if isinstance(each, OrderChanged):
                self.events[str(each.event)] += 1
                note_change(each)
                if each.source != NOWHERE and each.order.version == FIRST_REPORT:
                    ENGINE_ANSWER_SECONDS.observe((now_us - each.order.created_at_us) / 1_000_000)

    def _tell_waiting(self, settled: Settled) -> None:
        for each in settled.draft.happenings if self._waiting else ():
            if isinstance(each, OrderChanged):
                self._waiting.tell(each.order, settled.numbers[user_stream(each.order.user)])

    def _answered(self, settled: Settled, committed_us: int) -> Iterable[tuple[Ticket, Answer]]:
        for reply in settled.draft.replies:
            ticket = reply.ticket
            timing = Timing(ticket.received_us, ticket.arrived_us, settled.draft.now_us, committed_us)
            answer = replace(answer_to(reply, settled.numbers), timing=timing)
            if isinstance(reply, OrderReply) and isinstance(answer, OrderAnswer) and reply.wait_until_us:
                self._waiting.hold(Waiter(reply.order.id, reply.ticket, answer, reply.wait_until_us))
            else:
                yield reply.ticket, answer

    # --- when the database fails -----------------------------------------------------------------------------------
    def _postpone(self, postponed: Postponed) -> None:
        """Callers are told at once that nothing was done; the engine's words are kept, in their order."""
        self.counts["postponed_batches"] += 1
        error = Unavailable(
            "The database is not available; nothing was written.",
            code=Code.ORDER_BRIDGE_UNAVAILABLE,
            retry_after_seconds=1,
        )
        asked = [each for each in postponed.inputs if isinstance(each, Asked)]
        answers = [(each.ticket, refusal(each.ticket, error)) for each in asked]
        book = self._ledger.book
        self._outbox.put(Outgoing(book.cursor, book.link.phase is Phase.LIVE, answers=answers))
        self._intake.give_back(each for each in postponed.inputs if not isinstance(each, Asked | Tick))
        if not asked:
            time.sleep(TICK_SECONDS)

    def _remembers(self) -> bool:
        """Whether the book is what the database holds; where it is not, it is read again.

        What was in doubt is not answered: callers ask again under the same client order id and get what is there.
        """
        if self._has_forgotten:
            try:
                self._ledger.reload()
            except DatabaseAway:
                self._is_away = True
                return False
            self._has_forgotten = False
            cursor, in_force = self._ledger.book.cursor, self._in_force
            self._outbox.put(Outgoing(cursor, live=False, begin_anew=True, restrictions=in_force))
            self._begin()
        return not self._is_away and not self._has_forgotten

    def _holds_lease(self) -> bool:
        """Renewed each second; False while the database cannot be asked: by then the lease may be another's."""
        now = time.monotonic()
        if now < (self._ask_at if self._is_away else self._renew_at):
            return not self._is_away
        try:
            self._ledger.renew(AWAY_TURN_SECONDS if self._is_away else TURN_SECONDS)
        except DatabaseAway:
            self.counts["missed_renewals"] += 1
            self._is_away = True
            self._ask_at = time.monotonic() + AWAY_PAUSE_SECONDS
            return False
        self._is_away = False
        self._renew_at = now + RENEW_SECONDS
        self._pulse.sure()
        return True


def note_change(changed: OrderChanged) -> None:
    """One line for each event of an order, under the id of the request that it goes back to."""
    order, source = changed.order, changed.source
    facts = (order.trace, changed.event, order.id, order.client_order_id, order.status, order.version)
    if source == NOWHERE:
        CHANGED.say(*facts)
    else:
        REPORTED.say(*facts, source.epoch, source.seq)


def raise_alarms(alarms: Iterable[Alarm]) -> None:
    """People must look: the log is what monitoring reads."""
    for alarm in alarms:
        logger.error(alarm.sentence, extra={"alarm": True, **alarm.facts})
