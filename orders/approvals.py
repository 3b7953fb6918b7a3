"""Which orders wait for a second person, and how does he decide? One's own are never among them.

The head of a desk decides on its orders, compliance on all. Whether he may is asked here; what becomes of the order is
decided by the order bridge, which has the limits of that moment.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.policy import Function
from accounts.rights import Rights
from notifications.readers import in_reader
from orders.client import order_client
from orders.core.state import Held
from orders.gate_requests import DecideOrder
from orders.models import Order
from orders.requests import OrderAnswer
from orders.selectors import Shape, order_as_shape, orders_of
from tradingmw.errors import Code, Forbidden, NotFound, OutcomeUnknown
from tradingmw.paging import Page, Place, newest_first


def orders_waiting(user: User, rights: Rights) -> QuerySet[Order]:
    """Those that he may decide."""
    rights.need(Function.ORDERS_APPROVE)
    waiting = orders_of(rights.reach()).filter(held=Held.APPROVAL.value)
    others = waiting.exclude(user_id=user.id)
    return others if user.account_id is None else others.exclude(account_id=user.account_id)


def approvals_page(user: User, rights: Rights, place: Place | None, limit: int) -> Page[Shape]:
    page = newest_first(orders_waiting(user, rights), "created_at", place, limit)
    return Page([order_as_shape(row) for row in page.items], page.next_token)


def order_to_decide(user: User, rights: Rights, order_id: UUID) -> Order:
    """NotFound beyond his reach; Forbidden (SECOND_PERSON_REQUIRED) for his own, or one on his account."""
    order = orders_of(rights.reach()).filter(id=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    if order.user_id == user.id or order.account_id == user.account_id:
        raise Forbidden("Somebody else must decide on your order.", code=Code.SECOND_PERSON_REQUIRED)
    return order


async def order_decide(
    *,
    user: User,
    rights: Rights,
    order_id: UUID,
    approve: bool,
    note: str = "",
    ip_address: str | None = None,
    session_id: UUID | None = None,
) -> OrderAnswer:
    """Let the order go, or refuse it. Forbidden, NotFound; Conflict where it waits no longer; else as every write."""
    rights.need(Function.ORDERS_APPROVE)
    rights.need_signature("A decision on an order")
    order = await in_reader(order_to_decide)(user, rights, order_id)
    request = DecideOrder(
        request_id=1,
        deadline_us=0,
        decider=user.id,
        decider_name=user.username,
        order_id=order.id,
        approve=approve,
        note=note,
        ip_address=ip_address,
        session=session_id,
        signed=rights.signed,
    )
    try:
        return await order_client().ask(request, OrderAnswer)
    except OutcomeUnknown as error:
        error.extra["poll"] = f"/api/v1/orders/{order_id}"
        raise
