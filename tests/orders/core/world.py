"""A bridge, an engine and two wires between them, moved step by step: the place for everything that can go wrong.

Messages are dropped, repeated and delayed, links break (what was under way may still arrive), the bridge crashes, the
engine restarts, time passes. `check` holds at every moment; after `heal` both sides must tell the same story.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

from bridge.wire.messages import (
    CommandReply,
    ExecutionReport,
    NewOrder,
    OrderList,
    OrderStatus,
    ReplayDone,
    ReplayRequest,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, Side
from orders.core.book import Phase
from orders.core.gate.exposure import Exposure, Sources
from orders.core.inputs import (
    EngineBeat,
    LinkDown,
    LinkUp,
    Listed,
    NotSent,
    Replayed,
    Replied,
    Reported,
    StatusTold,
    Tick,
)
from orders.lifecycle import FINAL
from orders.lifecycle import OrderEvent as E
from orders.lifecycle import OrderStatus as Status
from tests.orders.core.desk import E8, INSTRUMENTS, SECOND_US, Desk
from tests.orders.core.reference_engine import ENDED, Held, ReferenceEngine

HEAL_STEPS = 40
CHANGES = {E.REPLACE_REQUESTED, E.REPLACED, E.REPLACE_REJECTED}
INPUTS = {
    ExecutionReport: Reported,
    CommandReply: Replied,
    OrderStatus: StatusTold,
    OrderList: Listed,
    ReplayDone: Replayed,
}


class World:
    """`to_engine` and `to_bridge` are under way on the present connection, `astray` on earlier ones."""

    desk_of = Desk

    def __init__(self) -> None:
        self.desk, self.engine = self.desk_of(), ReferenceEngine()
        self.engine.now_us = self.desk.now_us
        self.up = False
        self.to_engine: list[Any] = []
        self.astray: list[Any] = []
        self.to_bridge: list[Any] = []
        self.replayed: set[int] = set()  #: messages of replays, which the engine paces and never drops
        self.connect()
        self.all_goes_well()

    # --- the bridge ------------------------------------------------------------------------------------------------
    def do(self, *inputs: Any) -> None:
        """One batch; what the link does not take comes back as the next."""
        draft = self.desk.do(*inputs)
        if self.up:
            self.to_engine.extend(draft.to_engine)
        elif back := [NotSent(each.session, each.command_seq) for each in draft.to_engine if is_command(each)]:
            self.do(*back)

    def place(self, *orders: tuple[int, int]) -> None:
        """Client order number and units of each."""
        self.do(*[self.desk.place_input(f"a-{number}", quantity_e8=units * E8) for number, units in orders])

    def cancel(self, number: int) -> None:
        found = [order.id for order in self.desk.orders.values() if order.client_order_id == f"a-{number}"]
        self.do(*map(self.desk.cancel_input, found))

    def replace(self, number: int, units: int, price: int) -> None:
        found = [order.id for order in self.desk.orders.values() if order.client_order_id == f"a-{number}"]
        self.do(*[self.desk.replace_input(each, quantity_e8=units * E8, price_e8=price * E8) for each in found])

    def time_passes(self, us: int) -> None:
        self.desk.now_us += us
        self.engine.now_us = self.desk.now_us
        self.do(Tick())

    # --- the engine ------------------------------------------------------------------------------------------------
    @property
    def standing(self) -> list[Held]:
        return [held for held in self.engine.held.values() if held.status not in ENDED]

    def engine_takes(self, count: int) -> None:
        for _ in range(min(count, len(self.to_engine))):
            message = self.to_engine.pop(0)
            said = list(self.engine.serve(message))
            self.to_bridge.extend(said)
            if isinstance(message, ReplayRequest):
                self.replayed.update(map(id, said))

    def engine_trades(self, held: Held, units: int, price: int) -> None:
        report = self.engine.trade(held, units * E8, price * E8)
        self.to_bridge.extend([report] if self.up else [])

    def engine_busts(self, trade: ExecutionReport, *, works_again: bool) -> None:
        """A filled order works again only if no change of it is under way: nobody could say which one is done later."""
        order = self.desk.orders[trade.order_id]
        changed = order.status is not Status.FILLED or E.REPLACE_REQUESTED in self.desk.events(order)
        filled = self.engine.held[trade.account, trade.client_order_id].status is EngineOrderStatus.FILLED
        report = self.engine.bust(trade, works_again=works_again and not (filled and changed))
        self.to_bridge.extend([report] if self.up else [])

    # --- the way ---------------------------------------------------------------------------------------------------
    def all_goes_well(self) -> None:
        for _ in range(4):
            self.engine_takes(100)
            self.bridge_hears(100)

    def bridge_hears(self, count: int) -> None:
        heard = [INPUTS[type(message)](message) for message in self.to_bridge[:count]]
        del self.to_bridge[:count]
        if heard:
            self.do(*heard)

    def break_down(self, what: str) -> None:
        """ "link", "bridge" or "engine"; the connection is lost with each."""
        self.up = False
        self.astray.extend(self.to_engine)
        self.to_engine, self.to_bridge = [], []
        if what == "bridge":
            self.desk.restart()
        else:
            self.do(LinkDown("lost"))
        if what == "engine":
            self.engine.restart()

    def connect(self) -> None:
        self.up = True
        epoch, last_seq = self.engine.hello(self.desk.book.session)
        self.do(LinkUp(epoch, last_seq, INSTRUMENTS))

    def drop(self, place: int) -> None:
        """A slow bridge makes the engine drop what is not part of a replay."""
        if id(self.to_bridge[place]) not in self.replayed:
            del self.to_bridge[place]

    def repeat(self, place: int) -> None:
        """Said again, after everything that is under way."""
        self.to_bridge.append(self.to_bridge[place])

    def arrive_after_all(self, place: int) -> None:
        """A command of a connection that was given up reaches the engine."""
        list(self.engine.serve(self.astray.pop(place)))

    # --- what must hold --------------------------------------------------------------------------------------------
    def check(self) -> None:
        self.each_order_is_the_sum_of_its_executions()
        self.each_order_was_sent_at_most_once()
        self.what_is_denied_never_reached_the_engine()
        self.a_change_is_told_as_done_exactly_where_it_was()
        self.what_is_counted_is_what_is_there()
        assert not [each for draft in self.desk.drafts for each in draft.quarantined]

    def what_is_counted_is_what_is_there(self) -> None:
        book = self.desk.book
        there = Exposure(Sources(book.orders, book.replaces, book.commands, book.positions))
        assert book.gate.exposure(book).sums == there.sums

    def each_order_is_the_sum_of_its_executions(self) -> None:
        for order in self.desk.orders.values():
            fills = [each for each in self.desk.executions.values() if each.order_id == order.id and each.live]
            assert order.filled_e8 == sum(fill.quantity_e8 for fill in fills)
            assert order.filled_notional_e16 == sum(fill.quantity_e8 * fill.price_e8 for fill in fills)

    def each_order_was_sent_at_most_once(self) -> None:
        ids = [message.order_id for message in self.desk.sent if isinstance(message, NewOrder)]
        assert len(ids) == len(set(ids))

    def what_is_denied_never_reached_the_engine(self) -> None:
        held = {held.command.order_id for held in self.engine.held.values()}
        assert not held & {order.id for order in self.desk.orders.values() if order.status is Status.DENIED}

    def a_change_is_told_as_done_exactly_where_it_was(self) -> None:
        """Never two of one order under way; what is told is done, and not told to be refused."""
        assert len(self.engine.replaced) == len(set(self.engine.replaced))
        for order in self.desk.orders.values():
            story = [each for each in self.desk.events(order) if each in CHANGES]
            for before, after in pairwise(story):
                assert (before is E.REPLACE_REQUESTED) != (after is E.REPLACE_REQUESTED), story
            assert story.count(E.REPLACED) <= self.changes_done(order.id)

    def changes_done(self, order_id: UUID) -> int:
        reports = [report for report in self.engine.log if report.exec_type is ExecType.REPLACED]
        return sum(report.order_id == order_id for report in reports)

    # --- the end ---------------------------------------------------------------------------------------------------
    def heal(self) -> None:
        """The way is good from now on, and what went astray arrives late: everything in doubt gets settled."""
        if not self.up:
            self.connect()
        for _ in range(HEAL_STEPS):
            if self.astray:
                self.arrive_after_all(0)
            self.all_goes_well()
            self.do(EngineBeat(self.engine.epoch, self.engine.seq))
            self.time_passes(SECOND_US // 2)
        self.check()
        self.both_sides_tell_the_same_story()

    def both_sides_tell_the_same_story(self) -> None:
        assert self.desk.book.link.phase is Phase.LIVE
        held = {each.command.order_id: each for each in self.engine.held.values()}
        assert not self.desk.book.replaces
        sent = {message.order_id for message in self.desk.sent if isinstance(message, NewOrder)}
        for order in self.desk.orders.values():
            engines = held.pop(order.id, None)
            if engines is None:
                assert order.status is Status.DENIED or order.id not in sent, order
            else:
                assert self.desk.events(order).count(E.REPLACED) == self.changes_done(order.id)
                assert (order.filled_e8, order.status.value) == (engines.cum_e8, engines.status.value), (order, engines)
                assert (order.quantity_e8, order.price_e8) == (engines.quantity_e8, engines.price_e8), (order, engines)
                assert order.status in FINAL or not order.cancel_wanted, "A wanted cancel was forgotten."
        assert not held, "The engine holds orders that we do not know."
        net = sum(each.cum_e8 if each.command.side is Side.BUY else -each.cum_e8 for each in self.engine.held.values())
        assert sum(position.quantity_e8 for position in self.desk.positions.values()) == net


def is_command(message: Any) -> bool:
    return not isinstance(message, ReplayRequest)
