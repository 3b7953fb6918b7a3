"""Was this very order written down before it leaves? The last look before the socket.

Each row of the journal that a transaction has written is a licence for one command, with exactly its terms, once. They
come from the statement that wrote them, not from the list of commands that the core hands over. A new order or change
without its licence stays here, and from then on none leaves at all; cancels and questions always do.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeGuard
from uuid import UUID

from bridge.sockets.throttle import Throttle
from bridge.wire.messages import NewOrder, ReplaceOrder
from orders.core.scopes import Scope
from orders.core.state import CommandKind
from orders.core.trading_states import TradingState
from orders.ids import new_id
from orders.ledger.columns import Columns
from orders.state_requests import WantedState

logger = logging.getLogger(__name__)
Guarded = NewOrder | ReplaceOrder
KINDS: Final = frozenset({CommandKind.NEW_ORDER.value, CommandKind.REPLACE_ORDER.value})


class Licence(NamedTuple):
    """What one command may ask for."""

    kind: str
    order_id: UUID
    side: str
    quantity_e8: int | None
    price_e8: int | None
    stop_price_e8: int | None


class LastHop:
    """Used by the link thread; `trip` and `rearm` may be called by any.

    `reason`: why nothing new leaves; empty while it does. `sent`: how many new orders and changes have left.
    `counts`: licensed, repeated (rows of the journal), held (without licence), refused (once it has tripped).
    """

    def __init__(self) -> None:
        self.reason = ""
        self.sent = 0
        self.counts: Counter[str] = Counter()
        self._licences: dict[tuple[int, int], Licence] = {}
        self._newest = (0, 0)
        self._throttle = Throttle()

    def license(self, rows: Iterable[Columns]) -> None:
        """Rows of a committed transaction, in their order; one that was there before licenses nothing."""
        for row in rows:
            key = row["session"], row["seq"]
            if key <= self._newest:
                self.counts["repeated"] += 1
                continue
            self._newest = key
            if row["kind"] in KINDS:
                self.counts["licensed"] += 1
                self._licences[key] = licence_of(row)

    def lets_through(self, command: Guarded) -> bool:
        """Whether it may leave now; trips where it has no licence."""
        licence = self._licences.get((command.session, command.command_seq))
        if licence is None:
            self._hold(command, "An order was about to leave that is not journalled, or has left before")
        elif licence != asked_by(command):
            self._hold(command, "An order was about to leave with other terms than it was journalled with")
        elif self.reason:
            self.counts["refused"] += 1
        return not self.reason

    def left(self, command: Guarded) -> None:
        """It was handed to the network: its licence is used up."""
        del self._licences[command.session, command.command_seq]
        self.sent += 1

    def give_up(self, command: Guarded) -> bool:
        """It never leaves. False where nobody may say so: there was no licence for it, another one may have left."""
        return self._licences.pop((command.session, command.command_seq), None) is not None

    def trip(self, reason: str, **facts: Any) -> None:
        """No new order and no change leaves any more; the first reason stands."""
        if not self.reason:
            self.reason = reason
            logger.critical("Nothing new is sent to the engine any more", extra={"alarm": True, "why": reason, **facts})

    def rearm(self) -> None:
        """People have looked: what is journalled may leave again."""
        if self.reason:
            logger.warning("New orders are sent to the engine again", extra={"after": self.reason})
        self.reason = ""

    def _hold(self, command: Guarded, why: str) -> None:
        self.counts["held"] += 1
        facts = {"session": command.session, "seq": command.command_seq, "order_id": str(command.order_id)}
        if not self.reason:
            self.trip(why, **facts)
        elif self._throttle.due():
            logger.error(why, extra={"alarm": True, "held": self.counts["held"], **facts})


def firm_halted(why: str, now_us: int) -> WantedState:
    """What a trip asks for; two people release it."""
    reason = f"{why}; the last hop has halted the firm."
    return WantedState(
        id=new_id(now_us),
        scope=Scope.FIRM,
        state=TradingState.HALTED,
        reason=reason,
        user_name="last hop",
        at_us=now_us,
    )


def is_guarded(message: object) -> TypeGuard[Guarded]:
    """Does it ask the engine for more than an end?"""
    return isinstance(message, (NewOrder, ReplaceOrder))


def licence_of(row: Columns) -> Licence:
    return Licence(row["kind"], row["order_id"], row["side"], row["quantity"], row["price"], row["stop_price"])


def asked_by(command: Guarded) -> Licence:
    terms = command.quantity_e8, command.price_e8, command.stop_price_e8
    if isinstance(command, NewOrder):
        return Licence(CommandKind.NEW_ORDER, command.order_id, command.side, *terms)
    return Licence(CommandKind.REPLACE_ORDER, command.order_id, "", *terms)
