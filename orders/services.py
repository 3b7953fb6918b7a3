"""Which writes may a caller ask for? Place, replace, cancel (all); each is decided by the order bridge, never here.

REST and the socket call the same functions. What they return is committed; what they raise says what is known.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from accounts.models import User
from accounts.policy import Function
from accounts.rights import Rights
from orders.allowed import change_allowed, place_allowed
from orders.client import order_client
from orders.gate_requests import PreviewAnswer
from orders.requests import (
    Caller,
    CancelAllAnswer,
    CancelAllOrders,
    CancelOrder,
    OrderAnswer,
    PlaceOrder,
    PreviewOrder,
    ReplaceOrder,
)
from tradingmw.errors import Forbidden, NotFound, OutcomeUnknown

WAIT_SECONDS_MAX = 10


def caller_of(user: User, rights: Rights, ip_address: str | None, session_id: UUID | None) -> Caller:
    """On whose behalf and account; `Forbidden` for who has none. Reads what of the user is not loaded."""
    if user.account is None:
        raise Forbidden("You have no account to trade on.")
    return Caller(
        user=user.id,
        account=user.account.id,
        account_name=user.account.name,
        desk=user.desk.id if user.desk else None,
        desk_name=user.desk.name if user.desk else None,
        heads_desk=user.desk is not None and Function.ORDERS_CANCEL_DESK in rights.functions,
        ip_address=ip_address,
        session=session_id,
        signed=rights.signed,
        tier=user.tier,
        needs_approval=rights.attributes.needs_approval,
    )


async def order_place(*, order: PlaceOrder, rights: Rights, wait_seconds: float = 0) -> OrderAnswer:
    """Place `order`; the same again gives the order as it is. Its id and deadlines are set here.

    With `wait_seconds` the answer comes when the engine has spoken, after so many seconds at the latest.
    """
    await place_allowed(rights, order)
    wait_seconds = min(max(wait_seconds, 0.0), WAIT_SECONDS_MAX)
    wait_until_us = time.time_ns() // 1000 + int(wait_seconds * 1_000_000) if wait_seconds else 0
    try:
        return await order_client().ask(
            replace(order, wait_until_us=wait_until_us), OrderAnswer, wait_seconds=wait_seconds
        )
    except OutcomeUnknown as error:
        error.extra["poll"] = f"/api/v1/orders/by-client-id/{order.client_order_id}"
        raise


async def order_preview(*, preview: PreviewOrder, rights: Rights) -> PreviewAnswer:
    """What would become of an order if it were placed now; nothing is stored, and its id is not used up."""
    await place_allowed(rights, preview.order)
    return await order_client().ask(preview, PreviewAnswer)


async def order_replace(*, change: ReplaceOrder, rights: Rights) -> OrderAnswer:
    """Ask for other terms of an order: it is pending_replace, under the old ones, until the engine has spoken."""
    await change_allowed(rights, change)
    return await _change_asked(change)


async def order_cancel(*, caller: Caller, rights: Rights, order_id: UUID) -> OrderAnswer:
    """Ask for the order's end: it is pending_cancel until the engine has spoken."""
    rights.need(Function.ORDERS_CANCEL)
    return await _change_asked(CancelOrder(request_id=1, deadline_us=0, caller=caller, order_id=order_id))


def desk_headed(caller: Caller, rights: Rights, name: str) -> UUID | None:
    rights.need(Function.ORDERS_CANCEL_DESK)
    if name != caller.desk_name:
        raise NotFound("There is no such desk.")
    return caller.desk


async def _change_asked(request: ReplaceOrder | CancelOrder) -> OrderAnswer:
    try:
        return await order_client().ask(request, OrderAnswer)
    except OutcomeUnknown as error:
        error.extra["poll"] = f"/api/v1/orders/{request.order_id}"
        raise


async def orders_cancel_all(
    *, caller: Caller, rights: Rights, symbols: Sequence[str] = (), desk: str | None = None
) -> CancelAllAnswer:
    """Ask for the end of every open order of the caller's account, or of the desk of this name, or only of `symbols`.

    `Forbidden` for who heads no desk; another's desk is not there.
    """
    rights.need(Function.ORDERS_CANCEL)
    request = CancelAllOrders(request_id=1, deadline_us=0, caller=caller, symbols=list(symbols))
    if desk is not None:
        request = replace(request, desk=desk_headed(caller, rights, desk))
    try:
        return await order_client().ask(request, CancelAllAnswer)
    except OutcomeUnknown as error:
        error.extra["poll"] = "/api/v1/orders?status=open"
        raise
