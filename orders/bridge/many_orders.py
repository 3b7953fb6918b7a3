"""How do requests of many orders come to the core, and how is each of their orders answered?"""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from orders.core.inputs import Basket, Place, PlaceGroup, Ticket
from orders.core.outcomes import DeniedReply, GroupReply, OrderReply, Placed, PlacedReply, RefusalReply
from orders.ids import new_id
from orders.requests import (
    GroupAnswer,
    PlaceBasket,
    PlacedAnswer,
    PlacedItem,
    PlaceOrderGroup,
)
from orders.shapes import order_shape

TOKEN_BYTES = 16
CREATED, KNOWN, REFUSED = 201, 200, 422


# --- in ------------------------------------------------------------------------------------------------------------
def group_input(ticket: Ticket, request: PlaceOrderGroup) -> PlaceGroup:
    return PlaceGroup(ticket, request, new_id(ticket.arrived_us), places(ticket, request), token_urlsafe(TOKEN_BYTES))


def basket_input(ticket: Ticket, request: PlaceBasket) -> Basket:
    return Basket(ticket, request, places(ticket, request))


def places(ticket: Ticket, request: PlaceOrderGroup | PlaceBasket) -> tuple[Place, ...]:
    """Each order as though it had come alone, of whoever asks; its id is made here, once."""
    common: dict[str, Any] = {
        "request_id": request.request_id,
        "deadline_us": request.deadline_us,
        "trace": request.trace,
        "received_us": request.received_us,
        "caller": request.caller,
        "wait_until_us": 0,
    }
    orders = [replace(order, **common) for order in request.orders]
    return tuple(Place(ticket, order, new_id(ticket.arrived_us), token_urlsafe(TOKEN_BYTES)) for order in orders)


# --- out -----------------------------------------------------------------------------------------------------------
def group_answer(reply: GroupReply, last_event_id: int) -> GroupAnswer:
    return GroupAnswer(
        request_id=reply.ticket.request_id,
        id=reply.group,
        kind=reply.kind,
        orders=[order_shape(order) for order in reply.orders],
        created=reply.created,
        last_event_id=last_event_id,
    )


def placed_answer(reply: PlacedReply, last_event_id: int) -> PlacedAnswer:
    items = [item_of(each) for each in reply.items]
    return PlacedAnswer(request_id=reply.ticket.request_id, items=items, last_event_id=last_event_id)


def item_of(placed: Placed) -> PlacedItem:
    """With the status and the members that the order would have been answered with alone."""
    reply, whose = placed.reply, whose_item(placed.client_order_id, placed.symbol, placed.canceled)
    if isinstance(reply, OrderReply):
        return PlacedItem(status=CREATED if reply.created else KNOWN, order=order_shape(reply.order), **whose)
    if isinstance(reply, DeniedReply):
        told: dict[str, Any] = {"code": reply.code, "detail": reply.detail, "rules": reply.rules}
        return PlacedItem(status=REFUSED, order=order_shape(reply.order), **told, **whose)
    if isinstance(reply, RefusalReply):
        return refused_item(reply, whose)
    return PlacedItem(status=KNOWN, **whose)


def refused_item(reply: RefusalReply, whose: dict[str, Any]) -> PlacedItem:
    error = reply.error
    return PlacedItem(
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=error.errors,
        rules=error.extra.get("rules", []),
        confirmation_token=error.extra.get("confirmationToken", ""),
        **whose,
    )


def whose_item(client_order_id: str, symbol: str, canceled: list[UUID]) -> dict[str, Any]:
    return {"client_order_id": client_order_id, "symbol": symbol, "canceled": canceled}
