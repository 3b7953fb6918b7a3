"""A database in memory: tables, a lease, and commits that are whole or not at all.

Does for the core what `orders/ledger` does with the real one: looks up what a batch speaks of, writes what was decided,
loads what an earlier life left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec.structs import replace

from bridge.wire.messages import ExecutionReport
from orders.core.book import Book
from orders.core.draft import Draft
from orders.core.inputs import Cancel, Input, Listed, Place, PlaceGroup, Replace, Reported
from orders.core.limits import Limit, Rule
from orders.core.outcomes import OrderChanged
from orders.core.scopes import FIRM
from orders.core.state import (
    NOWHERE,
    CommandKey,
    CommandKind,
    CommandProgress,
    CommandState,
    ExecutionState,
    OrderState,
    PositionState,
)
from orders.ledger.faults import Fenced
from tests.orders.core.desk import ANN, BOB, E8, MARKS

if TYPE_CHECKING:
    from tests.orders.simulation.rules import Rules

OPEN_MOST = 4  #: of all; most storms reach it
LIMITS = (
    Limit(id=UUID(int=1), rule=Rule.MAX_OPEN_ORDERS, target=FIRM, value=OPEN_MOST),
    Limit(id=UUID(int=2), rule=Rule.MAX_POSITION, target=FIRM, value=12 * E8),
)
OWNERS = {"ann": ANN, "bob": BOB}
UNANSWERED = (CommandProgress.CLAIMED, CommandProgress.UNKNOWN)


class Store:
    """What is durable. `rules` looks at every commit before it is done."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.fence = 0
        self.cursor = NOWHERE
        self.orders: dict[UUID, OrderState] = {}
        self.client_ids: dict[tuple[UUID, str], UUID] = {}
        self.history: dict[UUID, list[OrderChanged]] = {}
        self.executions: dict[str, ExecutionState] = {}
        self.positions: dict[tuple[UUID, str], PositionState] = {}
        self.commands: dict[CommandKey, CommandState] = {}

    # --- the lease -------------------------------------------------------------------------------------------------
    def take_lease(self) -> int:
        self.fence += 1
        return self.fence

    # --- writing ---------------------------------------------------------------------------------------------------
    def commit(self, fence: int, draft: Draft) -> None:
        """Everything the draft decided; `Fenced`, and nothing of it, where the lease is another's."""
        if fence != self.fence:
            raise Fenced(f"The lease is no longer held under fence {fence}.")
        self._rules.check_draft(self, draft)
        for each in draft.happenings:
            if isinstance(each, OrderChanged):
                self.orders[each.order.id] = each.order
                self.client_ids[each.order.account, each.order.client_order_id] = each.order.id
                self.history.setdefault(each.order.id, []).append(each)
            elif isinstance(each, ExecutionState):
                self.executions[each.exec_id] = each
            else:
                self.positions[each.account, each.symbol] = each
        for command in draft.claimed:
            self.commands[command.session, command.seq] = command
        for key, progress in draft.progress.items():
            self.commands[key] = replace(self.commands[key], progress=progress)
        self.cursor = draft.cursor

    # --- reading ---------------------------------------------------------------------------------------------------
    def look_up(self, book: Book, batch: Sequence[Input]) -> None:
        for each in batch:
            if teach := TEACHERS.get(type(each)):
                teach(self, book, each)

    def _teach_placed(self, book: Book, each: Place) -> None:
        self._teach_order(book, self.client_ids.get((each.request.caller.account, each.request.client_order_id)))

    def _teach_group(self, book: Book, each: PlaceGroup) -> None:
        for order in each.request.orders:
            self._teach_order(book, self.client_ids.get((each.request.caller.account, order.client_order_id)))

    def _teach_named(self, book: Book, each: Cancel | Replace) -> None:
        self._teach_order(book, each.request.order_id)

    def _teach_listed(self, book: Book, each: Listed) -> None:
        for held in each.page.orders:
            self._teach_order(book, held.order_id)

    def _teach_report(self, book: Book, each: Reported) -> None:
        report = each.report
        self._teach_order(book, report.order_id)
        if owner := OWNERS.get(report.account):
            book.owners[report.account] = owner
            self._teach_order(book, self.client_ids.get((owner.account, report.client_order_id)))
        self._teach_trade(book, report)
        if report.ref_exec_id is not None:
            book.executions.update(self.executions)  # the position is worked out again from all of them

    def _teach_order(self, book: Book, order_id: UUID | None) -> None:
        if order_id is not None and order_id not in book.orders and (order := self.orders.get(order_id)):
            book.learn(order)
            if order.group:
                self._teach_groups(book, {order.group})

    def _teach_groups(self, book: Book, groups: set[UUID | None]) -> None:
        for order in self.orders.values():
            if order.group in groups and order.id not in book.orders:
                book.learn(order)

    def _teach_trade(self, book: Book, report: ExecutionReport) -> None:
        """Its position too, also where the order will be taken in by the same batch."""
        if execution := self.executions.get(report.exec_id):
            book.executions[report.exec_id] = execution
        if owner := OWNERS.get(report.account):
            key = (owner.account, report.symbol)
            if key not in book.positions and (position := self.positions.get(key)):
                book.positions[key] = position

    def load_book(self, session: int) -> Book:
        """Every open order, the commands without an answer, and how far the engine's reports were read."""
        book = Book(session, self.cursor)
        book.marks, book.limits = MARKS, LIMITS
        book.positions.update(self.positions)
        for order in self.orders.values():
            if not order.final:
                book.learn(order)
        self._teach_groups(book, {order.group for order in book.orders.values() if order.group})
        for key, command in sorted(self.commands.items()):
            if command.progress in UNANSWERED and not self.orders[command.order_id].final:
                book.commands[key] = command
                if command.kind is CommandKind.NEW_ORDER:
                    book.claims[command.order_id] = key
                elif command.kind is CommandKind.REPLACE_ORDER:
                    book.replaces[command.order_id] = key
        book.last_command_seq = max((seq for of, seq in self.commands if of == session), default=0)
        return book


TEACHERS: dict[type[Input], Callable[[Store, Book, Any], None]] = {
    Reported: Store._teach_report,
    Place: Store._teach_placed,
    PlaceGroup: Store._teach_group,
    Cancel: Store._teach_named,
    Replace: Store._teach_named,
    Listed: Store._teach_listed,
}
