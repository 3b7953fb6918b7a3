"""What must never happen? Looked at with every commit, every message that leaves and every answer, not only at the end.

Nothing lost, nothing doubled, nothing unexplained: a row is what its history adds up to, every step of it is in the
lifecycle and has its evidence at the engine, and nothing leaves before it is durable or a second time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bridge.wire.messages import NewOrder, OrderListRequest, OrderStatusRequest, ReplayRequest
from bridge.wire.vocabulary import ExecType
from orders.core.draft import Draft
from orders.core.groups.legs import Leg
from orders.core.groups.sharing import OVERRUN, REFUSED, traded
from orders.core.groups.tending import NOT_FOLLOWED, UNCOVERED
from orders.core.outcomes import OrderChanged, OrderReply
from orders.core.state import NOWHERE, CommandKey, ExecutionState, OrderState
from orders.lifecycle import OrderEvent as E
from orders.lifecycle import next_status
from tests.orders.simulation.recount import Recount
from tests.orders.simulation.store import OPEN_MOST

if TYPE_CHECKING:
    from tests.orders.simulation.simulation import Simulation
    from tests.orders.simulation.store import Store

OURS = frozenset({E.ACCEPTED, E.CANCEL_REQUESTED, E.REPLACE_REQUESTED, E.DOUBTED, E.DENIED})
BEGINNINGS = frozenset({E.ACCEPTED, E.HELD, E.DENIED, E.ADOPTED})
REPORTS = {
    E.ACKNOWLEDGED: {ExecType.NEW},
    E.PARTIALLY_FILLED: {ExecType.TRADE},
    E.FILLED: {ExecType.TRADE, ExecType.REPLACED},
    E.CANCELED: {ExecType.CANCELED},
    E.REPLACED: {ExecType.REPLACED},
    E.REJECTED: {ExecType.REJECTED},
    E.EXPIRED: {ExecType.EXPIRED},
    E.ADOPTED: {ExecType.NEW},
    E.TRADE_BUSTED: {ExecType.TRADE_CANCEL},
    E.TRADE_CORRECTED: {ExecType.TRADE_CORRECT},
    E.UNFILLED: {ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT},
    E.REOPENED: {ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT},
}
LOST = "The engine has lost an order"
UNASKED = "The engine changed an order without being asked to"
AMENDED = "An execution was busted or corrected"
REOPENED = "An ended order works again"
ADOPTED = "The engine holds an order that was not sent from here"
OVERDUE = "The engine works an order past its date"  #: its clock was set back, or it was dead at that moment

EXPECTED = frozenset({LOST, UNASKED, AMENDED, REOPENED, ADOPTED, OVERDUE, OVERRUN, REFUSED, UNCOVERED, NOT_FOLLOWED})


class BrokenRule(AssertionError):
    """Something happened that must never happen."""


class Rules:
    """The promises, each held at the moment at which it could be broken."""

    def __init__(self, world: Simulation) -> None:
        self._world = world
        self._sent: set[CommandKey] = set()
        self._orders_sent: set[UUID] = set()
        self._recount = Recount()
        self.alarms: Counter[str] = Counter()

    def hold(self, kept: object, broken: str, *facts: object) -> None:
        """`broken` has a `{}` for each of the facts; it is put into words only where it is needed."""
        if not kept:
            raise BrokenRule(broken.format(*facts))

    # --- at a commit -----------------------------------------------------------------------------------------------
    def check_draft(self, store: Store, draft: Draft) -> None:
        before, after = store.cursor, draft.cursor
        self.hold((before.epoch, before.seq) <= (after.epoch, after.seq), "the cursor went back to {}", after)
        rows: dict[UUID, OrderState] = {}
        for each in draft.happenings:
            if isinstance(each, OrderChanged):
                self._check_step(rows.get(each.order.id) or store.orders.get(each.order.id), each)
                self._check_evidence(each)
                rows[each.order.id] = each.order
            elif isinstance(each, ExecutionState):
                recorded = store.executions.get(each.exec_id)
                self.hold(not recorded or (recorded.live and not each.live), "{} was recorded twice", each)
        for group in {order.group for order in rows.values() if order.group}:
            self._check_group([order for order in {**store.orders, **rows}.values() if order.group == group])
        for command in draft.claimed:
            self.hold((command.session, command.seq) not in store.commands, "{} has the number of another one", command)
        self._check_limit(store, draft, rows)
        for quarantined in draft.quarantined:
            self.hold(False, "an honest report was set aside: {}", quarantined)

    def _check_limit(self, store: Store, draft: Draft, rows: dict[UUID, OrderState]) -> None:
        """No order is let in beyond the limit; those that the engine brings up by itself are nobody's to refuse."""
        events = {each.event for each in draft.happenings if isinstance(each, OrderChanged)}
        if E.ACCEPTED in events and not events & {E.ADOPTED, E.REOPENED}:
            still_open = sum(not order.final for order in {**store.orders, **rows}.values())
            self.hold(still_open <= OPEN_MOST, "{} orders are open, of a limit of {}", still_open, OPEN_MOST)

    def _check_step(self, before: OrderState | None, step: OrderChanged) -> None:
        """The history leads to the row, one event at a time, and each is in the table."""
        order, event = step.order, step.event
        begins = before is None or (event is E.DENIED and bool(before.held))  # the gate looks again when it is to go
        self.hold(order.version == (before.version if before else 0) + 1, "an event of {} is missing", order)
        self.hold(
            begins == (event in BEGINNINGS),
            "{} is not how an order begins",
            event,
        )
        after = next_status(before.status if before else None, event, traded=order.filled_e8 > 0)
        self.hold(order.status is after, "{} makes it {}, not {}", event, after, order.status)

    def _check_group(self, legs: list[OrderState]) -> None:
        """Of an OCO nobody works on unasked once all that it may trade is traded; what waits, waits for an open one."""
        for leg in legs:
            if leg.leg == Leg.CHILD:
                self._check_child(leg, next(each for each in legs if each.leg == Leg.PARENT))
        if legs[0].leg != Leg.ONE_OF:
            return
        left_e8 = (legs[0].shared_e8 or 0) - traded(legs)
        working = [leg for leg in legs if not leg.final and not leg.cancel_wanted]
        self.hold(left_e8 > 0 or not working, "{} work on though all of it has traded", working)

    def _check_child(self, child: OrderState, parent: OrderState) -> None:
        if child.held:
            self.hold(not parent.final or parent.filled_e8, "{} waits for {}, which is over", child, parent)

    def _check_evidence(self, step: OrderChanged) -> None:
        engine, order, event = self._world.engine, step.order, step.event
        if step.source != NOWHERE:
            report = engine.log.get((step.source.epoch, step.source.seq))
            told = report is not None and report.order_id == order.id and report.exec_type in REPORTS.get(event, ())
            self.hold(told, "{} of {} is not what {} says", event, order.id, report)
        elif event in (E.NOT_SENT, E.DENIED):
            self.hold(order.id not in engine.taken, "{} is said not to have reached the engine, which has it", order.id)
        elif event is E.ENGINE_LOST:
            self.hold(self._is_forgotten(order), "{} is said to be lost by the engine, which has it", order.id)
        elif event is E.REJECTED:
            self.hold(order.id in engine.refused, "{} was never refused", order.id)
        elif event in REPORTS and not self._was_kept(order):
            held = engine.held.get((order.account_name, order.client_order_id))
            self.hold(held is not None, "{} of {} on the word of an engine that has no such order", event, order.id)

    def _was_kept(self, order: OrderState) -> bool:
        """To its end: nobody has to be asked."""
        return order.leg == Leg.CHILD and order.id not in self._orders_sent

    def _is_forgotten(self, order: OrderState) -> bool:
        return (order.account_name, order.client_order_id) in self._world.engine.forgotten

    # --- after it --------------------------------------------------------------------------------------------------
    def check_published(self, draft: Draft) -> None:
        for reply in draft.replies:
            if isinstance(reply, OrderReply):
                row = self._world.store.orders.get(reply.order.id)
                self.hold(row and row.version >= reply.order.version, "{} was answered and is not durable", reply)
        if draft.happenings:
            counted, there = draft.book.gate.exposure(draft.book).sums, self._recount.sums(draft.book)
            self.hold(counted == there, "{} is counted where {} is there", counted, there)
        for alarm in draft.alarms:
            self.alarms[alarm.sentence] += 1
            self.hold(alarm.sentence in EXPECTED, "a false alarm: {}", alarm)

    def check_sent(self, store: Store, message: Any, now_us: int) -> None:
        if isinstance(message, ReplayRequest):
            return
        key = (message.session, message.command_seq)
        self.hold(key not in self._sent, "{} has left twice, or with another one's number", message)
        self._sent.add(key)
        self.hold(message.deadline_us > now_us, "{} left past its deadline", message)
        if not isinstance(message, OrderStatusRequest | OrderListRequest):
            self.hold(key in store.commands, "{} left before it was durable", message)
        if isinstance(message, NewOrder):
            self.hold(message.order_id not in self._orders_sent, "{} was sent a second time", message)
            self._orders_sent.add(message.order_id)
