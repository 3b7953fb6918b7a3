"""What does the audit log say of an order that a caller placed, changed or cancelled?"""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from uuid import UUID

from orders.core.causes import Cause
from orders.core.state import OrderState
from orders.requests import Caller, CancelAllOrders, CancelOrder, ClosePositions, PlaceOrder, ReplaceOrder
from tradingmw.scaled import text_e8

Facts = dict[str, str]
NOTHING: Final[Facts] = {}


class Audit(NamedTuple):
    """`before` and `after` hold what the deed changed, in public words; `trace` is the id of the request.

    `order_id` is the id of another `resource`, where that is none.
    """

    user: UUID | None
    action: str
    order_id: str
    ip_address: str | None
    details: dict[str, Any]
    session: UUID | None = None
    trace: str = ""
    before: Facts = NOTHING
    after: Facts = NOTHING
    resource: str = "order"


def audit_of(
    request: PlaceOrder | ReplaceOrder | CancelOrder | CancelAllOrders | ClosePositions,
    action: str,
    order: OrderState,
    before: OrderState | None = None,
    wanted: Facts = NOTHING,
    cause: Cause = Cause.ASKED,
) -> Audit:
    """`order` is what became of `before`; `wanted` are other terms, which the engine has still to agree to."""
    caller = request.caller
    details = {
        "clientOrderId": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantityE8": order.quantity_e8,
        "status": order.status.value,
        **({"wanted": wanted} if wanted else {}),
        **({"cause": cause.value} if cause else {}),
    }
    was, now = placed(order) if before is None else changed(before, order, wanted)
    return Audit(
        caller.user, action, str(order.id), caller.ip_address, details, caller.session, request.trace, was, now
    )


def signature(caller: Caller) -> dict[str, Any]:
    """With the event stands which signed request asked for it."""
    return {"signedRequest": str(caller.signed)} if caller.signed else {}


def placed(order: OrderState) -> tuple[Facts, Facts]:
    return NOTHING, {"status": order.status.value, **terms_of(order)}


def changed(before: OrderState, after: OrderState, wanted: Facts) -> tuple[Facts, Facts]:
    """Of the terms only those that are to become others."""
    terms = terms_of(before) if wanted else NOTHING
    was = {name: terms[name] for name in wanted if name in terms}
    return {"status": before.status.value, **was}, {"status": after.status.value, **wanted}


def terms_of(order: OrderState) -> Facts:
    terms = {"quantity": order.quantity_e8, "price": order.price_e8, "stopPrice": order.stop_price_e8}
    return {name: text_e8(value) for name, value in terms.items() if value is not None}
