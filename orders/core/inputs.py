"""What can the core be told? Requests of callers, words of the engine, changes of the link, and that time passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, get_args
from uuid import UUID

from bridge.wire.messages import CommandReply, ExecutionReport, Instrument, OrderList, OrderStatus, ReplayDone
from orders.core.hops import NO_HOPS, Hops
from orders.limit_requests import ReloadLimits
from orders.requests import (
    AmendExecution,
    CancelAllOrders,
    CancelOrder,
    ClosePositions,
    DecideOrder,
    PlaceBasket,
    PlaceOrder,
    PlaceOrderGroup,
    PreviewOrder,
    ReconcileOrders,
    ReplaceOrder,
    SetTradingState,
    WantedState,
)
from orders.safeguard_requests import AttendSessions, CancelAfter, GuardSession
from tradingmw.token_buckets import Budget


class Ticket(NamedTuple):
    """Where an answer goes, and when the question came: opaque to the core."""

    peer: bytes
    request_id: int
    arrived_us: int = 0
    received_us: int = 0  #: by the web process
    budget: Budget | None = None  #: what the caller has left; goes back with the answer


class Place(NamedTuple):
    """`order_id` is handed in so that the decision can be repeated, and so is `token`, by which it may be confirmed."""

    ticket: Ticket
    request: PlaceOrder
    order_id: UUID
    token: str = ""


class PlaceGroup(NamedTuple):
    """Orders that depend on each other; their ids and the group's are handed in likewise."""

    ticket: Ticket
    request: PlaceOrderGroup
    group_id: UUID
    places: tuple[Place, ...]
    token: str = ""


class Basket(NamedTuple):
    """Orders that have nothing to do with each other."""

    ticket: Ticket
    request: PlaceBasket
    places: tuple[Place, ...]


class Close(NamedTuple):
    """Somebody wants to hold nothing any more, of some symbols or of all."""

    ticket: Ticket
    request: ClosePositions


class Replace(NamedTuple):
    """`token` as of `Place`."""

    ticket: Ticket
    request: ReplaceOrder
    token: str = ""


class Decide(NamedTuple):
    """A second person decides on an order that is kept for approval."""

    ticket: Ticket
    request: DecideOrder


class Preview(NamedTuple):
    """What would become of an order?"""

    ticket: Ticket
    request: PreviewOrder


class Cancel(NamedTuple):
    ticket: Ticket
    request: CancelOrder


class CancelAll(NamedTuple):
    ticket: Ticket
    request: CancelAllOrders


class GuardOf(NamedTuple):
    """Somebody wants cancel-on-disconnect for his session, or no longer."""

    ticket: Ticket
    request: GuardSession


class Attend(NamedTuple):
    """A web process says which sessions have sockets there."""

    ticket: Ticket
    request: AttendSessions


class CancelLater(NamedTuple):
    ticket: Ticket
    request: CancelAfter


class Amend(NamedTuple):
    """An operator busts or corrects an execution."""

    ticket: Ticket
    request: AmendExecution


class Reconcile(NamedTuple):
    """Somebody wants both sides' open orders compared now."""

    ticket: Ticket
    request: ReconcileOrders


class Reload(NamedTuple):
    """The limits are others than before; the book has the new ones already."""

    ticket: Ticket
    request: ReloadLimits


class SetState(NamedTuple):
    """Somebody wants to restrict trading, or to restrict it less."""

    ticket: Ticket
    request: SetTradingState


class Halt(NamedTuple):
    """A kill: it is in force already, and whoever asked for it was told so. Never refused."""

    wanted: WantedState


class Started(NamedTuple):
    """The core has loaded what an earlier process, or an unknown commit, left behind."""


class LinkUp(NamedTuple):
    """The engine has welcomed this session; `last_seq` was its last report in `epoch` at that moment."""

    epoch: int
    last_seq: int
    instruments: Mapping[str, Instrument]


class LinkDown(NamedTuple):
    reason: str


class LinkSilent(NamedTuple):
    """The engine has said nothing for too long, though the connection stands."""


class Reported(NamedTuple):
    report: ExecutionReport
    hops: Hops = NO_HOPS


class Replied(NamedTuple):
    reply: CommandReply


class StatusTold(NamedTuple):
    status: OrderStatus


class Listed(NamedTuple):
    page: OrderList


class Replayed(NamedTuple):
    done: ReplayDone


class Unreadable(NamedTuple):
    """The engine said something that could not be read: it may have been a report."""


class EngineBeat(NamedTuple):
    """The engine's last report is (`epoch`, `last_seq`): what we lack was dropped on the way."""

    epoch: int
    last_seq: int


class NotSent(NamedTuple):
    """The link did not take this command: it has surely not left."""

    session: int
    seq: int


class Tick(NamedTuple):
    """Time has passed."""


Operating = Amend | Decide | Reconcile | Reload | SetState  #: of operators and compliance
Safeguarding = GuardOf | Attend | CancelLater
#: requests of callers, each with a ticket
Asked = Place | PlaceGroup | Basket | Close | Replace | Preview | Cancel | CancelAll | Safeguarding | Operating
ASKED: Final = frozenset(get_args(Asked))  #: the same as types: a union of so many is slow to be asked
Input = (
    Asked
    | Halt
    | Started
    | LinkUp
    | LinkDown
    | LinkSilent
    | Reported
    | Replied
    | StatusTold
    | Listed
    | Replayed
    | Unreadable
    | EngineBeat
    | NotSent
    | Tick
)
