"""How does an operator bust or correct an execution that the engine does not? By the one writer of orders, audited."""

from __future__ import annotations

import asyncio
import uuid

from accounts.models import Role, User
from bridge.sockets.curve import KeyRing
from bridge.sockets.pump import process_pump
from orders.client import OrderClient
from orders.ledger.lease import look_at_lease
from orders.models import Execution
from orders.requests import AmendExecution, OrderAnswer
from tradingmw.env import env
from tradingmw.errors import Forbidden, NotFound, Unavailable

MAY_AMEND = frozenset({Role.OPERATIONS, Role.ADMIN})


def execution_amend(
    *, exec_id: str, by: str, note: str, quantity_e8: int | None = None, price_e8: int | None = None
) -> OrderAnswer:
    """The order after it; without quantity and price the execution is void.

    `by` is a user name. `Forbidden` where he is no operator, `NotFound`, `InvalidRequest` where it is void already,
    `Unavailable` without an order bridge, `OutcomeUnknown`: look at the execution before you ask again.
    """
    operator = operator_named(by)
    execution = Execution.objects.filter(exec_id=exec_id).first()
    if execution is None:
        raise NotFound("There is no such execution.")
    request = AmendExecution(
        request_id=1,
        deadline_us=0,
        operator=operator.id,
        operator_name=operator.username,
        order_id=execution.order_id,
        exec_id=exec_id,
        amendment_id=f"manual-{uuid.uuid4().hex}",
        quantity_e8=quantity_e8,
        price_e8=price_e8,
        note=note,
    )
    return asked(request)


def operator_named(username: str) -> User:
    user = User.objects.filter(username=username.lower(), is_active=True).first()
    if user is None or not MAY_AMEND.intersection(user.roles):
        raise Forbidden(f"{username} is no operator.")
    return user


def asked(request: AmendExecution) -> OrderAnswer:
    address = look_at_lease().holder_address
    if not address:
        raise Unavailable("No order bridge runs.")
    settings = env()
    client = OrderClient(process_pump(), KeyRing(settings.keys), address, deadline_seconds=5.0)
    try:
        return asyncio.run(client.ask(request, OrderAnswer))
    finally:
        client.close()
