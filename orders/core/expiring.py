"""What if the engine does not end a good-till-date order at its date? It is asked; the order is not ended here.

Only the engine knows whether the order traded in its last moment. A report `expired` that got lost shows as a hole and
is replayed; beyond that, an order whose date has passed is asked for, until the engine has ended it.
"""

from __future__ import annotations

from bridge.wire.messages import OrderStatus
from orders.core.book import Phase
from orders.core.commands import ask_later
from orders.core.draft import Draft
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent

GRACE_US = 2_000_000  #: for the engine's own look at its clock, the way here, and clocks that differ
AGAIN_US = 30_000_000


def note_expiry(draft: Draft, order: OrderState) -> None:
    """A new order: look again when its date has passed."""
    if order.expires_at_us is not None:
        draft.look_at_expiries_us = min(draft.look_at_expiries_us, order.expires_at_us + GRACE_US)


def ask_for_expired(draft: Draft) -> None:
    """Ask for every open order whose date has passed; the next look is when another's has."""
    if draft.now_us < draft.look_at_expiries_us or draft.link.phase is not Phase.LIVE:
        return
    looks = [draft.now_us + AGAIN_US]
    for order in draft.orders.values():
        if order.expires_at_us is None or order.final:
            continue
        if order.held and order.expires_at_us <= draft.now_us:
            draft.happen(order, OrderEvent.EXPIRED, held=Held.NOT)  # the engine never had it
        elif order.expires_at_us + GRACE_US > draft.now_us:
            looks.append(order.expires_at_us + GRACE_US)
        elif draft.asks.get(order.id) is None:
            draft.counts["overdue_expiries"] += 1
            ask_later(draft, order, draft.now_us)
    draft.look_at_expiries_us = min(looks)


def alarm_if_overdue(draft: Draft, order: OrderState, status: OrderStatus) -> None:
    """By the engine's own clock it should have ended the order that it says to hold."""
    if order.expires_at_us is not None and status.sent_at_us > order.expires_at_us + GRACE_US:
        overdue_us = status.sent_at_us - order.expires_at_us
        draft.alarm("The engine works an order past its date", order_id=str(order.id), overdue_us=overdue_us)
