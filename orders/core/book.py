"""What does the core hold in memory? What the database has confirmed.

`draft.py` lies over it while a batch is decided.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from bridge.wire.messages import Instrument
from orders.core.comparison import Run, Suspect
from orders.core.gate.state import Gate
from orders.core.groups.index import GroupIndex
from orders.core.limits import Limit
from orders.core.marks import Mark
from orders.core.safeguards import Safeguards
from orders.core.scopes import Target
from orders.core.state import (
    NOWHERE,
    CommandKey,
    CommandProgress,
    CommandState,
    Cursor,
    ExecutionState,
    OrderState,
    PositionState,
)
from orders.core.trading_states import Restriction
from orders.lifecycle import OrderStatus
from orders.requests import Caller


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
        self.groups = GroupIndex()
        self._touched: set[UUID] = set()  #: learned since the last batch: some of them have ended
        self.client_ids: dict[tuple[UUID, str], UUID] = {}
        self.executions: dict[str, ExecutionState] = {}
        self.positions: dict[tuple[UUID, str], PositionState] = {}
        self.restrictions: dict[Target, Restriction] = {}  #: where trading is not simply active
        self.limits: tuple[Limit, ...] = ()  #: of all times; the gate looks at those in effect
        self.limits_revision = 0  #: as the database counts them
        self.gate = Gate()
        self.marks: Mapping[str, Mark] = {}  #: by symbol; handed in before each batch
        self.tripped = ""  #: why nothing new leaves for the engine, empty while it does; handed in likewise
        self.booked: set[UUID] = set()  #: kills of this batch that an earlier one has written
        self.sweeping = False  #: open orders of halted targets may have to be cancelled still
        self.look_at_halted_us = 0  #: when orders of halted targets that are still open are told of; 0: not waited for
        self.commands: dict[CommandKey, CommandState] = {}
        self.claims: dict[UUID, CommandKey] = {}  #: the NewOrder command of each order without evidence
        self.replaces: dict[UUID, CommandKey] = {}  #: the ReplaceOrder command of each order while it is not settled
        self.asks: dict[UUID, Ask] = {}
        self.run: Run | None = None  #: the reconciliation under way
        self.suspects: dict[UUID, Suspect] = {}  #: its orders that differ and are not settled
        self.safeguards = Safeguards()
        self.owners: dict[str, Caller] = {}  #: of accounts by name, whose orders the engine names and we do not know

    def learn(self, order: OrderState) -> None:
        self._touched.add(order.id)
        self.orders[order.id] = order
        self.groups.note(order)
        self.client_ids[order.account, order.client_order_id] = order.id

    def forget_looked_up(self, changed: Collection[UUID]) -> None:
        """Drop what only the last batch needed: executions, owners, and orders that have ended with all their group."""
        self.executions.clear()
        self.owners.clear()
        if not (changed or self._touched):
            return
        for order_id in self._touched.union(changed):
            order = self.orders.get(order_id)
            if order is not None:
                self.groups.note(order)
                for ended in self.groups.forgotten_with(order, self.orders) if order.final else ():
                    self._forget(ended)
        self._touched.clear()

    def _forget(self, order_id: UUID) -> None:
        if order := self.orders.pop(order_id, None):
            self.client_ids.pop((order.account, order.client_order_id), None)
            self.claims.pop(order_id, None)
            self.replaces.pop(order_id, None)
            self.asks.pop(order_id, None)

    def forget_doubts_of_ended_orders(self) -> None:
        for key, command in list(self.commands.items()):
            if command.progress is CommandProgress.UNKNOWN and command.order_id not in self.orders:
                del self.commands[key]


def awaits_evidence(order: OrderState) -> bool:
    """It was sent, and the engine has not said a word about it yet."""
    return (not order.held and order.status in (OrderStatus.PENDING_NEW, OrderStatus.UNKNOWN)) or (
        order.status in (OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE) and not order.engine_epoch
    )
