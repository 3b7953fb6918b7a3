"""What does the core hold in memory, and how does a decision see its own effects before they are committed?

`Book` is what the database has confirmed. `Draft` lies over it while a batch is decided: a later input of the batch
sees what an earlier one did. After the commit the draft is adopted; before that it can be thrown away without a trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from bridge.wire.messages import (
    CancelOrder,
    Instrument,
    NewOrder,
    OrderListRequest,
    OrderStatusRequest,
    ReplaceOrder,
    ReplayRequest,
)
from orders.core.auditing import Audit as Audit
from orders.core.comparison import Difference, Run, Suspect
from orders.core.hops import NO_HOPS, Hops
from orders.core.inputs import Ticket
from orders.core.layers import Layer
from orders.core.state import CommandProgress, CommandState, Cursor, ExecutionState, OrderState, PositionState
from orders.lifecycle import OrderEvent, OrderStatus, next_status
from orders.requests import Caller, CanceledItem
from tradingmw.errors import TradingError

CommandKey = tuple[int, int]  #: session, seq
ToSend = NewOrder | CancelOrder | ReplaceOrder | OrderStatusRequest | OrderListRequest
NOWHERE = Cursor()


class Phase(StrEnum):
    """How far the engine link has come; new orders are taken in LIVE only."""

    DOWN = "down"
    REPLAYING = "replaying"  #: missing reports are on their way
    ASKING = "asking"  #: the engine is asked what it holds
    LIVE = "live"


class LinkView(Struct, frozen=True, kw_only=True):
    """The core's knowledge of the link. `*_us` = 0: not waiting."""

    phase: Phase = Phase.DOWN
    epoch: int = 0
    welcome_seq: int = 0
    jump_allowed: bool = False  #: the engine's log does not reach back: take what there is
    replay_deadline_us: int = 0
    torn: bool = False  #: something that came since the replay was asked for could not be read
    asked_epoch: int = 0  #: in this epoch both sides' open orders have been compared
    reconciled_us: int = 0  #: when they were last


class Ask(NamedTuple):
    """An order whose fate the engine is to tell: not before `due_us`; `waiting` once the question has left."""

    order_id: UUID
    due_us: int
    waiting: bool = False


class Book:
    """Committed state: every open order, what the running batch has looked up, and the commands without an answer."""

    def __init__(
        self,
        session: int,
        cursor: Cursor = NOWHERE,
        *,
        command_deadline_us: int = 2_000_000,
        reconcile_every_us: int = 0,
    ) -> None:
        self.session = session
        self.cursor = cursor
        self.command_deadline_us = command_deadline_us  #: from the claim; the engine refuses what comes later
        self.reconcile_every_us = reconcile_every_us  #: while the link is live; 0: only when it becomes so
        self.link = LinkView()
        self.last_command_seq = 0
        self.look_at_expiries_us = 0  #: when the next good-till-date order should have ended
        self.look_at_deadlines_us = 0  #: when commands without an answer are looked for next
        self.instruments: Mapping[str, Instrument] = {}
        self.orders: dict[UUID, OrderState] = {}
        self._touched: set[UUID] = set()  #: learned since the last batch: some of them have ended
        self.client_ids: dict[tuple[UUID, str], UUID] = {}
        self.executions: dict[str, ExecutionState] = {}
        self.positions: dict[tuple[UUID, str], PositionState] = {}
        self.commands: dict[CommandKey, CommandState] = {}
        self.claims: dict[UUID, CommandKey] = {}  #: the NewOrder command of each order without evidence
        self.replaces: dict[UUID, CommandKey] = {}  #: the ReplaceOrder command of each order while it is not settled
        self.asks: dict[UUID, Ask] = {}
        self.run: Run | None = None  #: the reconciliation under way
        self.suspects: dict[UUID, Suspect] = {}  #: its orders that differ and are not settled
        self.owners: dict[str, Caller] = {}  #: of accounts by name, whose orders the engine names and we do not know

    def learn(self, order: OrderState) -> None:
        self._touched.add(order.id)
        self.orders[order.id] = order
        self.client_ids[order.account, order.client_order_id] = order.id

    def forget_looked_up(self, changed: Iterable[UUID]) -> None:
        """Drop what only the last batch needed: executions, owners, and orders that have ended."""
        self.executions.clear()
        self.owners.clear()
        for order_id in self._touched.union(changed):
            order = self.orders.get(order_id)
            if order is not None and order.final:
                del self.orders[order_id]
                self.client_ids.pop((order.account, order.client_order_id), None)
                self.claims.pop(order_id, None)
                self.replaces.pop(order_id, None)
                self.asks.pop(order_id, None)
        self._touched.clear()

    def forget_doubts_of_ended_orders(self) -> None:
        doubted = [one for one in self.commands.items() if one[1].progress is CommandProgress.UNKNOWN]
        for key in [key for key, command in doubted if command.order_id not in self.orders]:
            del self.commands[key]


class OrderChanged(NamedTuple):
    order: OrderState
    event: OrderEvent
    reason: str
    details: dict[str, Any]
    source: Cursor  #: the report it came from; (0, 0) = our own doing
    hops: Hops = NO_HOPS


class Quarantined(NamedTuple):
    report: Any
    reason: str


class Alarm(NamedTuple):
    """Something that people must look at: a sentence and its facts."""

    sentence: str
    facts: dict[str, Any]


class OrderReply(NamedTuple):
    """`wait_until_us` > 0: to be given when the engine has spoken of the order, at that instant at the latest."""

    ticket: Ticket
    order: OrderState
    created: bool
    user: UUID
    wait_until_us: int


class CancelAllReply(NamedTuple):
    ticket: Ticket
    items: list[CanceledItem]
    user: UUID


class ReconcileReply(NamedTuple):
    ticket: Ticket
    run: UUID


class RefusalReply(NamedTuple):
    ticket: Ticket
    error: TradingError


Reply = OrderReply | CancelAllReply | ReconcileReply | RefusalReply
Happening = OrderChanged | ExecutionState | PositionState


class Draft:
    """The decisions of one batch: `happenings` in their order, what to write, what to send, whom to answer."""

    def __init__(self, book: Book, now_us: int) -> None:
        self.book = book
        self.now_us = now_us
        self.session, self.command_deadline_us = book.session, book.command_deadline_us
        self.cursor, self.link, self.last_command_seq = book.cursor, book.link, book.last_command_seq
        self.look_at_expiries_us, self.look_at_deadlines_us = book.look_at_expiries_us, book.look_at_deadlines_us
        self.instruments = book.instruments
        self.orders = Layer(book.orders)
        self.client_ids = Layer(book.client_ids)
        self.executions = Layer(book.executions)
        self.positions = Layer(book.positions)
        self.commands = Layer(book.commands)
        self.claims = Layer(book.claims)
        self.replaces = Layer(book.replaces)
        self.asks = Layer(book.asks)
        self.run = book.run
        self.suspects = Layer(book.suspects)
        self.begun: set[UUID] = set()  #: reconciliations that began in this batch
        self.runs: dict[UUID, Run] = {}  #: reconciliations as the batch leaves them
        self.differences: list[Difference] = []
        self.hops = NO_HOPS  #: of the input that is being decided
        self.happenings: list[Happening] = []
        self.claimed: list[CommandState] = []
        self.progress: dict[CommandKey, CommandProgress] = {}
        self.to_engine: list[ToSend | ReplayRequest] = []
        self.replies: list[Reply] = []
        self.audits: list[Audit] = []
        self.quarantined: list[Quarantined] = []
        self.alarms: list[Alarm] = []
        self.counts: defaultdict[str, int] = defaultdict(int)

    @property
    def writes(self) -> bool:
        """Is there anything to commit?"""
        decided = self.happenings or self.claimed or self.progress or self.quarantined or self.audits
        return bool(decided or self.found_something) or self.cursor != self.book.cursor

    @property
    def found_something(self) -> bool:
        """Has a reconciliation begun, ended or settled a difference? That it goes on is not written."""
        return bool(self.begun or self.differences or (self.runs and any(run.ended_us for run in self.runs.values())))

    def happen(
        self,
        order: OrderState,
        event: OrderEvent,
        *,
        reason: str = "",
        source: Cursor = NOWHERE,
        details: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> OrderState:
        """The order after `event`, with `changes` to its fields; `IllegalEvent` where the lifecycle has no row."""
        traded = changes.get("filled_e8", order.filled_e8) > 0
        status = next_status(order.status if order.version else None, event, traded=traded)
        kept = order.reason if status == order.status else ""
        changed = {"reason": reason or kept, "version": order.version + 1, "updated_at_us": self.now_us, **changes}
        after = msgspec.structs.replace(order, status=status, **changed)
        self.orders.put(after.id, after)
        traced = {"requestId": after.trace} if after.trace else {}
        self.happenings.append(OrderChanged(after, event, reason, {**(details or {}), **traced}, source, self.hops))
        return after

    def refuse(self, ticket: Ticket, error: TradingError) -> None:
        self.replies.append(RefusalReply(ticket, error))

    def alarm(self, sentence: str, **facts: Any) -> None:
        self.alarms.append(Alarm(sentence, facts))

    def next_command_seq(self) -> int:
        self.last_command_seq += 1
        return self.last_command_seq

    def claim(self, command: CommandState) -> None:
        """To be committed before the command leaves."""
        self.claimed.append(command)
        self.commands.put((command.session, command.seq), command)

    def advance(self, command: CommandState, progress: CommandProgress) -> None:
        """Note how far a command has come; one that is answered or was not sent is forgotten."""
        key = (command.session, command.seq)
        self.progress[key] = progress
        if progress is CommandProgress.UNKNOWN:
            self.commands.put(key, msgspec.structs.replace(command, progress=progress))
        else:
            self.commands.drop(key)

    def phase(self, phase: Phase, **changes: Any) -> None:
        self.link = msgspec.structs.replace(self.link, phase=phase, **changes)

    def adopt(self) -> None:
        """The database has it: the decisions become the state."""
        book = self.book
        book.cursor, book.link, book.last_command_seq = self.cursor, self.link, self.last_command_seq
        book.instruments, book.run, book.look_at_expiries_us = self.instruments, self.run, self.look_at_expiries_us
        layers: list[Layer[Any, Any]] = [self.orders, self.client_ids, self.executions, self.positions]
        for layer in [*layers, self.commands, self.claims, self.replaces, self.asks, self.suspects]:
            if layer.changes:
                layer.adopt()
        book.forget_looked_up(self.orders.changes)
        if self.look_at_deadlines_us != book.look_at_deadlines_us:
            book.look_at_deadlines_us = self.look_at_deadlines_us
            book.forget_doubts_of_ended_orders()


def awaits_evidence(order: OrderState) -> bool:
    """The engine has not said a word about it yet."""
    return order.status in (OrderStatus.PENDING_NEW, OrderStatus.UNKNOWN) or (
        order.status in (OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE) and not order.engine_epoch
    )
