"""What of an order that was accepted and is not to be sent yet? It is durable here; the engine has not heard of it.

It is `pending_new`, its `reason` says what it waits for. It is let go, or it ends here: nobody else has to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orders.core.commands import send_new_order
from orders.core.draft import Draft
from orders.core.expiring import note_expiry
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent
from tradingmw.errors import Code
from tradingmw.scaled import text_e8

REASONS = {
    Held.APPROVAL: Code.AWAITING_APPROVAL,
    Held.PARENT: Code.AWAITING_PARENT,
    Held.CANCELS: Code.AWAITING_CANCELS,
}


def hold(draft: Draft, order: OrderState, why: Held, details: Mapping[str, Any]) -> OrderState:
    """A new order, kept back."""
    order = draft.happen(order, OrderEvent.HELD, held=why, reason=REASONS[why].value, details=details)
    draft.client_ids.put((order.account, order.client_order_id), order.id)
    note_expiry(draft, order)
    return order


def let_go(draft: Draft, order: OrderState, details: Mapping[str, Any], **changes: Any) -> OrderState:
    """What it waited for has happened: it is sent with this batch's commit, and `changes`. The link must be live."""
    instrument = draft.instruments[order.symbol]
    told = {**details, **({"quantity": text_e8(changes["quantity_e8"])} if "quantity_e8" in changes else {})}
    order = draft.happen(order, OrderEvent.RELEASED, held=Held.NOT, reason="", details=told, **changes)
    send_new_order(draft, order, instrument)
    return order


def end_held(draft: Draft, order: OrderState, event: OrderEvent, reason: str, details: Mapping[str, Any]) -> OrderState:
    """CANCELED, EXPIRED or DENIED, here and now: the engine never had it."""
    return draft.happen(order, event, held=Held.NOT, reason=reason, details=details)
