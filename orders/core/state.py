"""What does the core know? Orders, executions, positions and commands, in integers, never changed after they are made.

Units: `_e8` prices and quantities in 10⁻⁸, `_e16` exact products of the two (wider than 64 bits), `_us` microseconds
since 1970 UTC. Average prices are derived from the exact sums, never kept running. None refers to what could refer back
to it, so garbage collection has nothing to look for in them (`gc=False`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.lifecycle import FINAL, OrderStatus

E8 = 10**8


class Held(StrEnum):
    """Why is an order that was accepted not sent? Empty: it is."""

    NOT = ""
    APPROVAL = "approval"  #: a second person is to decide
    PARENT = "parent"  #: another order of its group is to trade first
    CANCELS = "cancels"  #: it closes a position; orders that would trade beside it are to end first


class OrderState(Struct, frozen=True, kw_only=True, gc=False):
    """An order as it is after its `version`-th event."""

    id: UUID
    user: UUID
    account: UUID
    account_name: str
    desk: UUID | None
    desk_name: str | None
    client_order_id: str
    fingerprint: str
    symbol: str
    exchange: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_e8: int
    price_e8: int | None = None
    stop_price_e8: int | None = None
    expires_at_us: int | None = None
    status: OrderStatus = OrderStatus.PENDING_NEW
    filled_e8: int = 0
    filled_notional_e16: int = 0
    external_order_id: str = ""
    engine_epoch: int = 0  #: of the engine life that acknowledged it last; 0 = never acknowledged
    cancel_wanted: bool = False  #: the cancel is sent (again) until the engine has ended the order
    external: bool = False  #: the engine holds it, and it was not sent from here
    reason: str = ""
    trace: str = ""  #: the request that asked for it, or for its end, last
    session: UUID | None = None  #: in which it was asked for
    held: Held = Held.NOT
    group: UUID | None = None  #: of orders that depend on each other
    leg: str = ""  #: what it is in its group
    shared_e8: int | None = None  #: of an OCO: what all of it may trade together
    reference_e8: int | None = None  #: the price by which it was judged, where it has none of its own
    version: int = 0
    created_at_us: int
    updated_at_us: int

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def average_price_e8(self) -> int | None:
        return rounded_ratio(self.filled_notional_e16, self.filled_e8) if self.filled_e8 else None


class Terms(Struct, frozen=True, gc=False):
    """What a replace may change. None: as it is."""

    quantity_e8: int | None = None
    price_e8: int | None = None
    stop_price_e8: int | None = None

    def differing(self, order: OrderState) -> Terms:
        """Only what is another value than the order's; what it has not (a price at market) is not to be changed."""
        return Terms(
            self.quantity_e8 if self.quantity_e8 != order.quantity_e8 else None,
            self.price_e8 if order.price_e8 not in (None, self.price_e8) else None,
            self.stop_price_e8 if order.stop_price_e8 not in (None, self.stop_price_e8) else None,
        )

    def with_(self, other: Terms) -> Terms:
        """These, where `other` has none."""
        return msgspec.structs.replace(self, **other.changes)

    @property
    def changes(self) -> dict[str, Any]:
        """The fields of an order that become other ones."""
        named = {"quantity_e8": self.quantity_e8, "price_e8": self.price_e8, "stop_price_e8": self.stop_price_e8}
        return {name: value for name, value in named.items() if value is not None}


class ExecutionStatus(StrEnum):
    LIVE = "live"
    CORRECTED = "corrected"  #: another execution stands in its place
    BUSTED = "busted"


class ExecutionState(Struct, frozen=True, kw_only=True, gc=False):
    """One trade of one order, or what a correction made of it; `exec_id` is the engine's and unique for ever.

    Only live ones count. What is corrected or busted stays, as it was.
    """

    id: UUID
    exec_id: str
    order_id: UUID
    client_order_id: str
    user: UUID
    account: UUID
    account_name: str
    desk: UUID | None
    symbol: str
    exchange: str
    side: Side
    quantity_e8: int
    price_e8: int
    engine_epoch: int
    engine_seq: int
    executed_at_us: int
    status: ExecutionStatus = ExecutionStatus.LIVE
    ref_exec_id: str = ""  #: of the execution in whose place it stands
    superseded_by: str = ""  #: of the bust or correction

    @property
    def live(self) -> bool:
        return self.status is ExecutionStatus.LIVE


class PositionState(Struct, frozen=True, kw_only=True, gc=False):
    """What an account holds of a symbol: `quantity_e8` and `cost_e16` are negative when short.

    `user` and `desk` are those of the last fill: who is to be told of it.
    """

    id: UUID
    user: UUID
    desk: UUID | None = None
    account: UUID
    account_name: str
    symbol: str
    exchange: str
    quantity_e8: int = 0
    cost_e16: int = 0
    realized_e16: int = 0
    current_price_e8: int = 0  #: of the last fill
    updated_at_us: int = 0

    @property
    def average_price_e8(self) -> int | None:
        return rounded_ratio(self.cost_e16, self.quantity_e8) if self.quantity_e8 else None

    @property
    def realized_pnl_e4(self) -> int:
        return rounded_ratio(self.realized_e16, 10**12)

    @property
    def unrealized_pnl_e4(self) -> int:
        return rounded_ratio(self.quantity_e8 * self.current_price_e8 - self.cost_e16, 10**12)


class CommandKind(StrEnum):
    NEW_ORDER = "new_order"
    CANCEL_ORDER = "cancel_order"
    REPLACE_ORDER = "replace_order"


class CommandProgress(StrEnum):
    CLAIMED = "claimed"  #: committed; handed to the link or about to be
    ANSWERED = "answered"
    NOT_SENT = "not_sent"  #: the link gave it back
    UNKNOWN = "unknown"  #: no answer by its deadline, or its session or connection has ended


class CommandState(Struct, frozen=True, kw_only=True, gc=False):
    """A command for the engine: claimed in the database before it may leave, with what it asks for."""

    session: int
    seq: int
    kind: CommandKind
    order_id: UUID
    deadline_us: int
    side: Side | None = None
    terms: Terms = Terms()
    progress: CommandProgress = CommandProgress.CLAIMED


class Cursor(Struct, frozen=True, gc=False):
    """The last report applied; (0, 0) = none."""

    epoch: int = 0
    seq: int = 0


NOWHERE = Cursor()
CommandKey = tuple[int, int]  #: session, seq


def rounded_ratio(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, half to even."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
