"""What is decided when a caller places a group? All of it or nothing; the same again is the group as it is.

The orders that are to wait are durable with the rest, in the same transaction, and are not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from bridge.wire.messages import Instrument
from orders.core.book import Phase
from orders.core.checks import fault, fingerprint
from orders.core.draft import Draft
from orders.core.groups.admitting import let_in
from orders.core.groups.checking import at, check_group
from orders.core.groups.legs import Leg, kind_of
from orders.core.inputs import Place, PlaceGroup
from orders.core.outcomes import GroupReply
from orders.core.requesting import engine_away, known, late, new_order, stopped
from orders.core.state import OrderState
from tradingmw.errors import Code, Conflict, InvalidRequest

REUSED = "This clientOrderId belongs to another order."


def place_group(draft: Draft, asked: PlaceGroup) -> None:
    """A new group, the same group again, or a refusal that leaves nothing behind."""
    request = asked.request
    ids = [draft.client_ids.get((request.caller.account, order.client_order_id)) for order in request.orders]
    taken = [place for place, order_id in enumerate(ids) if order_id]
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    elif taken and not repeat(draft, asked, ids):
        draft.refuse(asked.ticket, reused(taken))
    elif taken:
        draft.counts["repeated_requests"] += 1
    elif draft.link.phase is not Phase.LIVE:
        draft.refuse(asked.ticket, engine_away())
    elif draft.book.tripped:
        draft.refuse(asked.ticket, stopped(draft.book.tripped))
    else:
        accept(draft, asked)


def repeat(draft: Draft, asked: PlaceGroup, ids: Sequence[UUID | None]) -> bool:
    """Answer with the group as it is; False where the request is not the one that placed it."""
    orders = [known(draft, order_id) for order_id in ids if order_id]
    if len(orders) < len(ids) or not is_the_same(draft, asked, orders):
        return False
    answer(draft, asked, orders, created=False)
    return True


def is_the_same(draft: Draft, asked: PlaceGroup, orders: Sequence[OrderState]) -> bool:
    """These are all of one group, of the kind that is asked for, placed with these bodies."""
    group = orders[0].group
    if group is None or any(order.group != group for order in orders) or kind_of(orders[0].leg) != asked.request.kind:
        return False
    pairs = zip(asked.request.orders, orders, strict=True)
    same = all(fingerprint(body, body.exchange or order.exchange) == order.fingerprint for body, order in pairs)
    return same and len(orders) == len({order.id for order in members(draft, group)})


def members(draft: Draft, group: UUID) -> list[OrderState]:
    """All orders of the group, ended ones too, as the batch has left them so far."""
    ids = dict(draft.book.groups.members.get(group, {}))
    ids |= {order.id: None for order in draft.orders.changes.values() if order is not None and order.group == group}
    return [order for each in ids if (order := draft.orders.get(each)) is not None]


def reused(places: Sequence[int]) -> Conflict:
    faults = [fault(at(place, "clientOrderId"), Code.CLIENT_ORDER_ID_REUSED, REUSED) for place in places]
    detail = "These clientOrderIds do not belong to one such group, placed with these bodies."
    return Conflict(detail, code=Code.CLIENT_ORDER_ID_REUSED, errors=faults)


def accept(draft: Draft, asked: PlaceGroup) -> None:
    request = asked.request
    try:
        instruments, legs = check_group(request.kind, request.orders, draft.instruments, draft.now_us)
    except InvalidRequest as error:
        draft.refuse(asked.ticket, error)
        return
    parts = zip(asked.places, instruments, legs, strict=True)
    orders = let_in(draft, asked, [new_leg(draft, asked.group_id, *part) for part in parts])
    if orders is not None:
        answer(draft, asked, orders, created=True)


def new_leg(draft: Draft, group: UUID, place: Place, instrument: Instrument, leg: Leg) -> OrderState:
    order = new_order(draft, place, instrument.exchange)
    shared_e8 = order.quantity_e8 if leg is Leg.ONE_OF else None
    return replace(order, group=group, leg=leg.value, shared_e8=shared_e8)


def answer(draft: Draft, asked: PlaceGroup, orders: list[OrderState], *, created: bool) -> None:
    group = orders[0].group or asked.group_id
    reply = GroupReply(asked.ticket, group, asked.request.kind, orders, created, asked.request.caller.user)
    draft.replies.append(reply)
