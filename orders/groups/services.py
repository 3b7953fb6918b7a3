"""Which writes of many orders may a caller ask for? Each is decided by the order bridge, never here.

What an order of a basket may not be is told with its place, and the others go on. A group is asked for whole, and so
are positions that are to be closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from accounts.policy import UNRESTRICTED, Function
from accounts.rights import Rights
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from notifications.readers import in_reader
from orders.allowed import place_allowed
from orders.client import order_client
from orders.models import Position
from orders.requests import (
    Answer,
    Caller,
    ClosePositions,
    GroupAnswer,
    PlaceBasket,
    PlacedAnswer,
    PlacedItem,
    PlaceOrder,
    PlaceOrderGroup,
    Request,
)
from tradingmw.errors import Forbidden, OutcomeUnknown
from tradingmw.scaled import to_e8

A = TypeVar("A", bound=Answer)


async def group_place(*, group: PlaceOrderGroup, rights: Rights) -> GroupAnswer:
    """Place all of it or nothing; the same again gives the group as it is."""
    rights.need(Function.ORDERS_PLACE)
    for order in group.orders:
        await place_allowed(rights, order)
    return await _asked(group, GroupAnswer, "/api/v1/orders?status=all")


async def basket_place(*, basket: PlaceBasket, rights: Rights) -> PlacedAnswer:
    """An item per order, in their order. `Forbidden` where none of them may be placed."""
    rights.need(Function.ORDERS_PLACE)
    refused = {place: error for place, order in enumerate(basket.orders) if (error := await _refusal(rights, order))}
    allowed = [order for place, order in enumerate(basket.orders) if place not in refused]
    if not allowed:
        raise next(iter(refused.values()))
    answer = await _asked(replace(basket, orders=allowed), PlacedAnswer, "/api/v1/orders?status=all")
    placed = iter(answer.items)
    items = [
        _forbidden(order, refused[place]) if place in refused else next(placed)
        for place, order in enumerate(basket.orders)
    ]
    return replace(answer, items=items)


async def positions_close(*, close: ClosePositions, rights: Rights) -> PlacedAnswer:
    """An item per position. What of the account's orders might trade beside it is cancelled."""
    rights.need(Function.ORDERS_PLACE)
    rights.need(Function.ORDERS_CANCEL)
    if rights.attributes != UNRESTRICTED:
        for order in await in_reader(closing_orders)(close.caller, close.symbols):
            await place_allowed(rights, order)
    return await _asked(close, PlacedAnswer, "/api/v1/positions")


def closing_orders(caller: Caller, symbols: Sequence[str]) -> list[PlaceOrder]:
    """As they would be now: what the caller's attributes are held against."""
    rows = Position.objects.filter(account_id=caller.account).exclude(quantity=0)
    if symbols:
        rows = rows.filter(symbol__in=list(symbols))
    return [closing_order(caller, row.symbol, to_e8(row.quantity)) for row in rows]


def closing_order(caller: Caller, symbol: str, held_e8: int) -> PlaceOrder:
    return PlaceOrder(
        request_id=1,
        deadline_us=0,
        caller=caller,
        client_order_id="close",
        symbol=symbol,
        side=Side.SELL if held_e8 > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        quantity_e8=abs(held_e8),
    )


async def _refusal(rights: Rights, order: PlaceOrder) -> Forbidden | None:
    try:
        await place_allowed(rights, order)
    except Forbidden as error:
        return error
    return None


def _forbidden(order: PlaceOrder, error: Forbidden) -> PlacedItem:
    return PlacedItem(
        status=error.status,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        code=error.code,
        detail=error.detail,
        errors=error.errors,
    )


async def _asked(request: Request, kind: type[A], poll: str) -> A:
    try:
        return await order_client().ask(request, kind)
    except OutcomeUnknown as error:
        error.extra["poll"] = poll
        raise


def group_path(group_id: UUID) -> str:
    return f"/api/v1/orders/groups/{group_id}"
