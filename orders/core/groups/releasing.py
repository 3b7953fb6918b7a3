"""What becomes of an order that was kept back, when what it waited for has happened? It is sent, or ends here.

Orders that go together are looked at by the gate before any of them goes: two exits of one position must not stand in
each other's way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from orders.core.draft import Draft
from orders.core.gate.findings import rules_shape
from orders.core.groups.gating import Judged, judged_anew
from orders.core.holding import end_held, let_go
from orders.core.state import OrderState
from orders.lifecycle import OrderEvent
from tradingmw.errors import Code


class Going(NamedTuple):
    """An order that is to go, for how much, and what its history says of why."""

    order: OrderState
    quantity_e8: int
    told: dict[str, Any]


def release(draft: Draft, going: Sequence[Going]) -> None:
    """Each is sent, unless its date has passed, its instrument is gone or the gate forbids it. The link is live."""
    can_go = [each for each in going if not ended(draft, each)]
    found = [judged_anew(draft, each.order, each.quantity_e8) for each in can_go]
    for each, judgement in zip(can_go, found, strict=True):
        send_or_deny(draft, each, judgement)


def ended(draft: Draft, each: Going) -> bool:
    """Did it have to end?"""
    order = each.order
    if order.expires_at_us is not None and order.expires_at_us <= draft.now_us:
        end_held(draft, order, OrderEvent.EXPIRED, "", each.told)
    elif order.symbol not in draft.instruments:
        end_held(draft, order, OrderEvent.DENIED, Code.UNKNOWN_INSTRUMENT.value, each.told)
    else:
        return False
    return True


def send_or_deny(draft: Draft, each: Going, judgement: Judged) -> None:
    if forbidden := judgement.forbidden:
        told = {**each.told, "rules": rules_shape(forbidden)}
        draft.counts["denied_orders"] += 1
        end_held(draft, each.order, OrderEvent.DENIED, forbidden[0].code.value, told)
    else:
        reference_e8 = judgement.order.reference_e8
        let_go(draft, each.order, each.told, quantity_e8=each.quantity_e8, reference_e8=reference_e8)
