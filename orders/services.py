"""Which writes may a caller ask for? Place, replace, cancel (all); each is decided by the order bridge, never here.

REST and the socket call the same functions. What they return is committed; what they raise says what is known.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from accounts.models import Role, User
from orders.client import order_client
from orders.requests import (
    Caller,
    CancelAllAnswer,
    CancelAllOrders,
    CancelOrder,
    OrderAnswer,
    PlaceOrder,
    ReplaceOrder,
)
from tradingmw.errors import Forbidden, NotFound, OutcomeUnknown

WAIT_SECONDS_MAX = 10
MAY_TRADE = frozenset({Role.TRADER, Role.DESK_HEAD})


def caller_of(user: User, ip_address: str | None) -> Caller:
    """On whose behalf and account; `Forbidden` for those who may not trade. Reads what of the user is not loaded."""
    if user.account is None or not MAY_TRADE.intersection(user.roles):
        raise Forbidden("You have no account to trade on.")
    return Caller(
        user=user.id,
        account=user.account.id,
        account_name=user.account.name,
        desk=user.desk.id if user.desk else None,
        desk_name=user.desk.name if user.desk else None,
        heads_desk=user.desk is not None and Role.DESK_HEAD in user.roles,
        ip_address=ip_address,
    )


async def order_place(*, order: PlaceOrder, wait_seconds: float = 0) -> OrderAnswer:
    """Place `order`; the same again gives the order as it is. Its id and deadlines are set here.

    With `wait_seconds` the answer comes when the engine has spoken, after so many seconds at the latest.
    """
    wait_seconds = min(max(wait_seconds, 0.0), WAIT_SECONDS_MAX)
    wait_until_us = time.time_ns() // 1000 + int(wait_seconds * 1_000_000) if wait_seconds else 0
    try:
        return await order_client().ask(
            replace(order, wait_until_us=wait_until_us), OrderAnswer, wait_seconds=wait_seconds
        )
    except OutcomeUnknown as error:
        error.extra["poll"] = f"/api/v1/orders/by-client-id/{order.client_order_id}"
        raise


async def order_replace(*, change: ReplaceOrder) -> OrderAnswer:
    """Ask for other terms of an order: it is pending_replace, under the old ones, until the engine has spoken."""
    return await _change_asked(change)


async def order_cancel(*, caller: Caller, order_id: UUID) -> OrderAnswer:
    """Ask for the order's end: it is pending_cancel until the engine has spoken."""
    return await _change_asked(CancelOrder(request_id=1, deadline_us=0, caller=caller, order_id=order_id))


def desk_headed(caller: Caller, name: str) -> UUID | None:
    if not caller.heads_desk:
        raise Forbidden("Only the head of a desk may cancel all its orders.")
    if name != caller.desk_name:
        raise NotFound("There is no such desk.")
    return caller.desk


async def _change_asked(request: ReplaceOrder | CancelOrder) -> OrderAnswer:
    try:
        return await order_client().ask(request, OrderAnswer)
    except OutcomeUnknown as error:
        error.extra["poll"] = f"/api/v1/orders/{request.order_id}"
        raise


async def orders_cancel_all(*, caller: Caller, symbols: Sequence[str] = (), desk: str | None = None) -> CancelAllAnswer:
    """Ask for the end of every open order of the caller's account, or of the desk of this name, or only of `symbols`.

    `Forbidden` for who heads no desk; another's desk is not there.
    """
    request = CancelAllOrders(request_id=1, deadline_us=0, caller=caller, symbols=list(symbols))
    if desk is not None:
        request = replace(request, desk=desk_headed(caller, desk))
    try:
        return await order_client().ask(request, CancelAllAnswer)
    except OutcomeUnknown as error:
        error.extra["poll"] = "/api/v1/orders?status=open"
        raise
