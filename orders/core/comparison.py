"""What is compared in a reconciliation, and what can it find?

The engine lists its open orders a page at a time; each page is compared with the open orders here at the moment of
which it tells. What differs is a suspect until the engine has answered for that order alone.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from bridge.wire.messages import OpenOrder, OrderStatus
from bridge.wire.vocabulary import EngineOrderStatus
from orders.core.state import OrderState, Terms
from orders.lifecycle import OrderStatus as Status
from tradingmw.scaled import text_e8

ENDED = frozenset(
    {EngineOrderStatus.FILLED, EngineOrderStatus.CANCELED, EngineOrderStatus.REJECTED, EngineOrderStatus.EXPIRED}
)


class Cause(StrEnum):
    """Why both sides are compared now."""

    START = "start"
    RECONNECT = "reconnect"
    NEW_EPOCH = "new_epoch"
    PERIODIC = "periodic"
    ASKED = "asked"  #: by `manage.py reconcile`


class RunOutcome(StrEnum):
    RUNNING = "running"
    DONE = "done"
    ABANDONED = "abandoned"  #: the link or the process was lost meanwhile; the next one begins anew


class Kind(StrEnum):
    """In which way an order differs."""

    NOT_AT_ENGINE = "not_at_engine"  #: open here, and the engine does not list it
    NOT_HERE = "not_here"  #: open at the engine, and not known here
    ENDED_HERE = "ended_here"  #: open at the engine, and ended here
    UNCONFIRMED = "unconfirmed"  #: the engine holds it, and here no word of it has come
    OTHER_FILLS = "other_fills"
    OTHER_TERMS = "other_terms"  #: another total or price
    OTHER_IDENTITY = "other_identity"  #: another account or id under the same order id


class Finding(StrEnum):
    REPAIRED = "repaired"  #: it is here now as the engine says
    FLAGGED = "flagged"  #: it is as it was: no evidence settles it, and people must look
    GONE = "gone"  #: both sides agreed when the engine was asked again


class Run(Struct, frozen=True, kw_only=True):
    """One comparison of all open orders, from its first page to the last suspect."""

    id: UUID
    cause: Cause
    session: int
    epoch: int
    began_us: int
    ended_us: int = 0
    outcome: RunOutcome = RunOutcome.RUNNING
    after: UUID | None = None  #: the last order id that was compared
    asked_seq: int = 0  #: of the page that is under way
    ask_due_us: int = 0  #: when it is asked for, or again
    complete: bool = False  #: every page was compared
    here: int = 0  #: open orders here that were compared
    engine: int = 0  #: open orders that the engine listed
    repaired: int = 0
    flagged: int = 0
    gone: int = 0


class Suspect(Struct, frozen=True, kw_only=True):
    """An order that differs; `version` is that of the order then, 0 where it is not here."""

    order_id: UUID
    account: str
    client_order_id: str
    kind: Kind
    here: str  #: as people read it
    engine: str
    told_e8: int = 0  #: filled, as the engine says
    version: int = 0


class Difference(Struct, frozen=True, kw_only=True):
    """A suspect that is settled, one way or the other."""

    run: UUID
    suspect: Suspect
    finding: Finding
    found_us: int


def suspicion(order: OrderState | None, held: OpenOrder) -> Kind | None:
    """In which way the engine's order is not the one here, at the same moment; None where it is."""
    if order is None:
        return Kind.NOT_HERE
    if is_another(order, held):
        return Kind.OTHER_IDENTITY
    if order.final:
        return Kind.ENDED_HERE
    if not order.engine_epoch or order.status in (Status.PENDING_NEW, Status.UNKNOWN):
        return Kind.UNCONFIRMED
    if order.filled_e8 != held.cum_quantity_e8:
        return Kind.OTHER_FILLS
    terms = Terms(held.quantity_e8, held.price_e8, held.stop_price_e8)
    return Kind.OTHER_TERMS if terms.differing(order).changes else None


def is_another(order: OrderState, held: OpenOrder) -> bool:
    told = (held.account, held.client_order_id, held.symbol, held.side)
    renamed = order.external_order_id not in ("", held.external_order_id)
    return told != (order.account_name, order.client_order_id, order.symbol, order.side) or renamed


def told_terms(status: OrderStatus) -> Terms:
    return Terms(status.cum_quantity_e8 + status.leaves_quantity_e8, status.price_e8, status.stop_price_e8)


def agrees(order: OrderState, status: OrderStatus) -> bool:
    """Is the order here what the engine says of it?"""
    if not status.known:
        return order.final
    if status.status in ENDED:
        return order.status.value == status.status and order.filled_e8 == status.cum_quantity_e8
    confirmed = order.engine_epoch > 0 and not order.final
    return confirmed and order.filled_e8 == status.cum_quantity_e8 and not told_terms(status).differing(order).changes


def suspected(order: OrderState | None, held: OpenOrder, kind: Kind) -> Suspect:
    return Suspect(
        order_id=held.order_id,
        account=held.account,
        client_order_id=held.client_order_id,
        kind=kind,
        here=order_words(order) if order else "",
        engine=held_words(held),
        told_e8=held.cum_quantity_e8,
        version=order.version if order else 0,
    )


def missing(order: OrderState) -> Suspect:
    """The engine does not list it."""
    return Suspect(
        order_id=order.id,
        account=order.account_name,
        client_order_id=order.client_order_id,
        kind=Kind.NOT_AT_ENGINE,
        here=order_words(order),
        engine="",
        version=order.version,
    )


def order_words(order: OrderState) -> str:
    return f"{order.status} {terms_words(order.filled_e8, order.quantity_e8, order.price_e8, order.stop_price_e8)}"


def held_words(held: OpenOrder) -> str:
    return f"open {terms_words(held.cum_quantity_e8, held.quantity_e8, held.price_e8, held.stop_price_e8)}"


def terms_words(filled_e8: int, quantity_e8: int, price_e8: int | None, stop_price_e8: int | None) -> str:
    at = "" if price_e8 is None else f" at {text_e8(price_e8)}"
    stop = "" if stop_price_e8 is None else f" stop {text_e8(stop_price_e8)}"
    return f"{text_e8(filled_e8)} of {text_e8(quantity_e8)}{at}{stop}"
