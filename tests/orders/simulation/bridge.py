"""One life of a simulated order bridge: the real core and intake, a book, a link, and the steps at which it may die.

    requests, engine words → intake → [decide → commit] → adopt → commands leave, answers go

The steps are those of `orders/bridge` and `orders/ledger`; a commit takes time, in which requests and words gather.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bridge.link.states import LinkState
from orders.bridge.departures import Departures
from orders.bridge.intake import BATCH_MAX, Intake
from orders.bridge.last_hop import LastHop
from orders.bridge.link_loop import GREETED, as_input
from orders.core.book import Phase
from orders.core.decide import decide
from orders.core.draft import Draft
from orders.core.inputs import Asked, Input, LinkDown, LinkSilent, LinkUp, Place, Started, Tick, Unreadable
from orders.instants import instant
from orders.ledger.columns import command_columns
from orders.ledger.faults import CommitUnknown, Fenced
from tests.orders.simulation.link import Link
from tests.orders.simulation.schedule import MS_US, SECOND_US
from tradingmw.errors import TradingError

if TYPE_CHECKING:
    from tests.orders.simulation.simulation import Simulation

TURN_US = 300 * MS_US  #: of the link; the real one's are of 50 ms
COMMIT_US = 3 * MS_US
SLOW_COMMIT_US = 3 * SECOND_US
PAUSE_US = 200 * MS_US
POISON = "poison"  #: in a client order id: the row cannot be written


class Unwritable(Exception):
    """A row of the batch cannot be written."""


class Bridge:
    """`alive` until it dies at a step or is fenced; `frozen_until_us`: it does nothing, and notices nothing."""

    def __init__(self, world: Simulation) -> None:
        self._world, self._pick = world, world.pick
        self.alive, self.frozen_until_us = True, 0
        self.fence = world.store.take_lease()
        self.book = world.store.load_book(self.fence)
        self.intake = Intake()
        self.link = Link(world, self, self.fence)
        self.last_hop = LastHop()
        self.departures = Departures(self.link, self.clock_us, self.last_hop)
        self.has_work = self._busy = self._greet_owed = False
        world.say("bridge", f"takes the lease under fence {self.fence}")
        self.offer([Started()])
        self._turn()

    def clock_us(self) -> int:
        return self._world.schedule.now_us + self._world.skew_us

    # --- what comes in ---------------------------------------------------------------------------------------------
    def ask(self, request: Asked) -> None:
        """A web process asks."""
        if not self.hears_later(self.ask, request):
            self.intake.offer_request(request)
            self._begin_soon(work=True)

    def offer(self, words: Sequence[Input]) -> None:
        self.intake.offer_engine(words)
        self._begin_soon(work=True)

    def hears_later(self, what: Callable[..., None], *args: Any) -> bool:
        """True where this life must not act now: it is over, or it stands still."""
        if self.alive and self.frozen_until_us > self._world.schedule.now_us:
            self._world.schedule.after(self.frozen_until_us - self._world.schedule.now_us, what, *args)
            return True
        return not self.alive

    def _begin_soon(self, *, work: bool = False) -> None:
        self.has_work |= work
        if not self._busy and self.alive:
            self._busy = True
            self._world.schedule.after(0, self._begin)

    # --- a pass of the core ----------------------------------------------------------------------------------------
    def _begin(self) -> None:
        if self.hears_later(self._begin):
            return
        batch, weather = (self.intake.take(0) if self.has_work else []) or [Tick()], self._world.weather
        self.has_work = len(batch) == BATCH_MAX
        slow = self._world.happens(weather.slow_commit)
        takes_us = self._world.some(SLOW_COMMIT_US if slow else COMMIT_US)
        self._world.schedule.after(takes_us, self._end, batch, self.clock_us())

    def _end(self, batch: list[Input], decided_at_us: int) -> None:
        if self.hears_later(self._end, batch, decided_at_us) or self.dies("decided"):
            return
        try:
            self._settle(batch, decided_at_us)
        except Fenced:
            self.on_fenced()
        except CommitUnknown:
            self._reload()
        if self.alive:
            self._busy = False
            if self.has_work:
                self._begin_soon()

    def _settle(self, batch: list[Input], now_us: int) -> None:
        """Halved until what cannot be written stands alone, as the ledger does it."""
        world, weather = self._world, self._world.weather
        if self._world.happens(weather.away):
            self._postpone(batch)
            return
        world.store.look_up(self.book, batch)
        try:
            draft = decided(self.book, batch, now_us)
        except Unwritable as error:
            if len(batch) > 1:
                half = len(batch) // 2
                self._settle(batch[:half], now_us)
                if self.alive:
                    self._settle(batch[half:], now_us)
                return
            draft = Draft(self.book, now_us)
            draft.refuse(batch[0].ticket, TradingError(str(error)))  # type: ignore[union-attr]
        self._commit(draft)

    def _commit(self, draft: Draft) -> None:
        world, writes = self._world, draft.writes
        if writes and world.happens(world.weather.doubtful):
            world.counts["doubtful commits"] += 1
            if self._pick.random() < 0.5:
                world.store.commit(self.fence, draft)
            raise CommitUnknown("The outcome of a commit is not known.")
        if writes:
            world.store.commit(self.fence, draft)
            if self.dies("committed"):
                return
        draft.adopt()
        self._publish(draft)

    def _postpone(self, batch: list[Input]) -> None:
        """The database is away: callers are told, the engine's words are kept."""
        self._world.counts["postponed"] += 1
        self.intake.give_back(each for each in batch if not isinstance(each, Asked | Tick))
        self.has_work = True
        self._world.schedule.after(PAUSE_US, self._begin_soon)

    def _reload(self) -> None:
        """Nothing is answered; what was in memory is forgotten."""
        last = self.book.last_command_seq
        self.book = self._world.store.load_book(self.fence)
        self.book.last_command_seq = max(last, self.book.last_command_seq)
        self.intake.give_back([Started()])
        self.has_work = True
        self.link.renew()

    # --- what follows a commit -------------------------------------------------------------------------------------
    def _publish(self, draft: Draft) -> None:
        world = self._world
        world.rules.check_published(draft)
        if draft.claimed:
            self.last_hop.license(command_columns(command, instant(draft.now_us)) for command in draft.claimed)
        if draft.to_engine:
            self.departures.add(draft.to_engine, draft.link.epoch)
        self._depart()
        if not self.alive or self.dies("sent"):
            return
        for reply in draft.replies:
            world.answer(reply)
        if draft.link.phase is Phase.LIVE:
            self.link.live()

    def _depart(self) -> None:
        if self.departures and (given_back := self.departures.leave()):
            self.offer(given_back)
        self._world.rules.hold(not self.last_hop.reason, "a false trip: {}", self.last_hop.reason)

    def on_send(self, message: Any) -> None:
        self._world.rules.check_sent(self._world.store, message, self.clock_us())
        self._world.say("sends", message)

    # --- the link --------------------------------------------------------------------------------------------------
    def _turn(self) -> None:
        if self.hears_later(self._turn):
            return
        self.link.tick()
        self._depart()
        self._greet()
        self._begin_soon()
        self._world.schedule.after(TURN_US, self._turn)

    def on_said(self, message: Any) -> None:
        word = as_input(message)
        if word is not None:
            self._world.say("hears", message)
            self.offer([word])

    def on_garbled(self) -> None:
        self._world.counts["garbled"] += 1
        self.offer([Unreadable()])

    def on_state(self, before: LinkState, state: LinkState) -> None:
        self._world.say("link", state)
        if state is LinkState.SYNCING:
            self._greet_owed = True
            self._greet()
        elif state is LinkState.DEGRADED:
            self.offer([LinkSilent()])
        elif state is LinkState.DOWN and before is not LinkState.CONNECTING:
            self._depart()
            self.offer([LinkDown("lost")])

    def _greet(self) -> None:
        """With the instruments of the epoch: where the engine has begun another one meanwhile, they are not had."""
        engine = self._world.engine
        if self._greet_owed and self.link.state in GREETED and engine.up and engine.epoch == self.link.epoch:
            self._greet_owed = False
            self.offer([LinkUp(self.link.epoch, self.link.last_seq, engine.instruments)])

    # --- its end ---------------------------------------------------------------------------------------------------
    def dies(self, step: str) -> bool:
        if self._world.happens(self._world.weather.crash):
            self._world.say("bridge", f"dies: {step}")
            self._world.counts["crashes"] += 1
            self.die()
        return not self.alive

    def on_fenced(self) -> None:
        self._world.counts["fenced"] += 1
        self.die()

    def die(self) -> None:
        self.alive = False
        self.link.close()
        self._world.bridge_died(self)


def decided(book: Any, batch: Sequence[Input], now_us: int) -> Draft:
    """`Unwritable` where the batch has an order that the database would not take."""
    draft = decide(book, batch, now_us)
    if draft.writes and any(isinstance(each, Place) and POISON in each.request.client_order_id for each in batch):
        raise Unwritable("The request could not be stored; nothing was written.")
    return draft
