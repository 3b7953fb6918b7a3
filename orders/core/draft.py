"""How does a decision see its own effects before they are committed?

A draft lies over the book while a batch is decided: a later input of the batch sees what an earlier one did. After the
commit the draft is adopted; before that it can be thrown away without a trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from bridge.wire.messages import ReplayRequest
from orders.core.auditing import Audit
from orders.core.book import Book, Phase
from orders.core.causes import KEPT_REASONS
from orders.core.comparison import Difference, Run
from orders.core.gate.exposure import Sources
from orders.core.gate.state import GateDraft
from orders.core.hops import NO_HOPS
from orders.core.inputs import Ticket
from orders.core.layers import Layer
from orders.core.outcomes import (
    Alarm,
    Happening,
    Notice,
    OrderChanged,
    Quarantined,
    RefusalReply,
    Reply,
    StateChanged,
    ToSend,
)
from orders.core.safeguards import SafeguardsDraft
from orders.core.state import NOWHERE, CommandKey, CommandProgress, CommandState, Cursor, OrderState
from orders.lifecycle import OrderEvent, OrderStatus, next_status
from tradingmw.errors import TradingError


class Draft:
    """The decisions of one batch: `happenings` in their order, what to write, what to send, whom to answer."""

    #: of so many attributes a dictionary would be made anew five times while it grows: a quarter of an idle pass
    __slots__ = tuple(
        """
        book now_us session command_deadline_us cursor link last_command_seq look_at_expiries_us look_at_deadlines_us
        instruments orders client_ids executions positions commands claims replaces asks run suspects restrictions
        sweeping look_at_halted_us state_changes booked begun runs differences hops happenings claimed progress
        to_engine replies audits quarantined alarms safeguards notices counts _gate
        """.split()  # noqa: SIM905 - a name a line would be a page
    )

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
        self.restrictions = Layer(book.restrictions)
        self.sweeping, self.look_at_halted_us = book.sweeping, book.look_at_halted_us
        self.state_changes: list[StateChanged] = []
        self.booked: list[UUID] = []  #: kills that need not be kept elsewhere any more
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
        self.safeguards = SafeguardsDraft(book.safeguards, now_us)
        self.notices: list[Notice] = []
        self.counts: defaultdict[str, int] = defaultdict(int)
        self._gate: GateDraft | None = None
        if book.gate.is_news(book):
            self._tell_of_limits()

    @property
    def gate(self) -> GateDraft:
        """Made when it is first looked at: most batches of a quiet hour move nothing that counts."""
        if self._gate is None:
            sources = Sources(self.orders, self.replaces, self.commands, self.positions)
            self._gate = GateDraft(self.book, self.now_us, sources, self.positions)
        return self._gate

    def _tell_of_limits(self) -> None:
        for limit, why in self.gate.sheet.faults:
            self.alarm("A limit that cannot be meant is ignored", limit=str(limit.id), rule=limit.rule.value, why=why)

    @property
    def writes(self) -> bool:
        """Is there anything to commit?"""
        if self.happenings or self.claimed or self.progress or self.quarantined or self.audits or self.state_changes:
            return True
        return self.safeguards.writes or self.found_something or self.cursor != self.book.cursor

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
        stays = status is OrderStatus.CANCELED and order.reason in KEPT_REASONS
        kept = order.reason if stays or (status == order.status and not order.held) else ""
        changed = {"reason": reason or kept, "version": order.version + 1, "updated_at_us": self.now_us, **changes}
        after = msgspec.structs.replace(order, status=status, **changed)
        self.orders.put(after.id, after)
        self.gate.exposure.touch(after.id)
        told = dict(details) if details else {}
        if after.trace:
            told["requestId"] = after.trace
        self.happenings.append(OrderChanged(after, event, reason, told, source, self.hops))
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
        book.sweeping, book.look_at_halted_us = self.sweeping, self.look_at_halted_us
        book.instruments, book.run, book.look_at_expiries_us = self.instruments, self.run, self.look_at_expiries_us
        self._adopt_layers()
        self.safeguards.adopt()
        if self._gate is not None or self.positions.changes:
            self.gate.adopt()
        book.forget_looked_up(self.orders.changes)
        if self.look_at_deadlines_us != book.look_at_deadlines_us:
            book.look_at_deadlines_us = self.look_at_deadlines_us
            book.forget_doubts_of_ended_orders()

    def _adopt_layers(self) -> None:
        held: tuple[Layer[Any, Any], ...] = (self.orders, self.client_ids, self.executions, self.positions)
        asked: tuple[Layer[Any, Any], ...] = (self.commands, self.claims, self.replaces, self.asks)
        for layer in (*held, *asked, self.suspects, self.restrictions):
            if layer.changes:
                layer.adopt()
