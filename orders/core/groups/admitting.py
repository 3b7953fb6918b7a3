"""What becomes of a new group after the gate has looked at its orders? All of it is let in, warned of, or denied.

What a limit forbids one of them denies them all: each is written as denied, the others because their group ended. A
warning leaves nothing behind but a token, which confirms the group as a whole. Where a second person would have to
approve an order, it cannot be of a group: the others would not wait for him.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from orders.core.auditing import audit_of, signature
from orders.core.commands import send_new_order
from orders.core.draft import Draft
from orders.core.expiring import note_expiry
from orders.core.gate.confirming import body_of, offer, redeem, unconfirmed
from orders.core.gate.findings import Findings, broken, rules_shape, sentence
from orders.core.groups.gating import Judged, judged_together
from orders.core.groups.legs import DEPENDENTS
from orders.core.holding import hold
from orders.core.inputs import Place, PlaceGroup
from orders.core.limits import Breach
from orders.core.outcomes import DeniedReply
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent
from tradingmw.errors import Code, InvalidRequest


def let_in(draft: Draft, asked: PlaceGroup, orders: Sequence[OrderState]) -> list[OrderState] | None:
    """The orders as they were sent or kept; None where the caller has been answered otherwise."""
    token, body, user = asked.request.confirmation_token, group_body(orders), asked.request.caller.user
    legs = judged_together(draft, orders)
    confirmation = redeem(draft, token, user, body) if token else None
    findings = worst_last(legs)
    if token and confirmation is None:
        detail = "The confirmationToken is not, or no longer, one for this group: ask again without it."
        draft.refuse(asked.ticket, InvalidRequest(detail, code=Code.CONFIRMATION_INVALID))
    elif any(leg.forbidden for leg in legs):
        deny(draft, asked, legs)
    elif asked.request.caller.needs_approval or any(leg.doubtful for leg in legs):
        refuse_approval(draft, asked, legs)
    elif soft := unconfirmed(findings, confirmation):
        warn(draft, asked, body, soft)
    else:
        return [begin(draft, place, leg.order) for place, leg in zip(asked.places, legs, strict=True)]
    return None


def group_body(orders: Sequence[OrderState]) -> str:
    return " ".join([orders[0].leg, *(body_of(order) for order in orders)])


def worst_last(legs: Sequence[Judged]) -> Findings:
    """Of all of them; where one rule is met several times, the farthest is the one that is shown and confirmed."""
    return sorted(chain.from_iterable(leg.findings for leg in legs), key=lambda finding: finding.value or 0)


def begin(draft: Draft, place: Place, order: OrderState) -> OrderState:
    """Sent, or kept until the first one has traded."""
    details = told(place, order)
    if order.leg in DEPENDENTS:
        order = hold(draft, order, Held.PARENT, details)
    else:
        order = draft.happen(order, OrderEvent.ACCEPTED, details=details)
        draft.client_ids.put((order.account, order.client_order_id), order.id)
        note_expiry(draft, order)
        send_new_order(draft, order, draft.instruments[order.symbol])
    draft.gate.tempo.placed(order)
    draft.audits.append(audit_of(place.request, "order.place", order))
    return order


def told(place: Place, order: OrderState) -> dict[str, Any]:
    return {"groupId": str(order.group), "leg": order.leg, **signature(place.request.caller)}


def deny(draft: Draft, asked: PlaceGroup, legs: Sequence[Judged]) -> None:
    """The caller is told of the first that is forbidden."""
    pairs = list(zip(asked.places, legs, strict=True))
    denied = [(write_denied(draft, place, leg), leg.forbidden) for place, leg in pairs]
    order, hard = next(each for each in denied if each[1])
    reply = DeniedReply(asked.ticket, order, hard[0].code, sentence(hard), rules_shape(hard), asked.request.caller.user)
    draft.replies.append(reply)


def write_denied(draft: Draft, place: Place, leg: Judged) -> OrderState:
    """With its reasons, or with that of the others."""
    reason = leg.forbidden[0].code.value if leg.forbidden else Code.GROUP_ENDED.value
    rules = {"rules": rules_shape(leg.forbidden)} if leg.forbidden else {}
    order = draft.happen(leg.order, OrderEvent.DENIED, reason=reason, details={**told(place, leg.order), **rules})
    draft.client_ids.put((order.account, order.client_order_id), order.id)
    draft.audits.append(audit_of(place.request, "order.denied", order))
    draft.counts["denied_orders"] += 1
    return order


def refuse_approval(draft: Draft, asked: PlaceGroup, legs: Sequence[Judged]) -> None:
    rules = rules_shape([finding for leg in legs for finding in broken(leg.findings, Breach.APPROVE)])
    detail = "An order that a second person must approve cannot be of a group: place it alone."
    draft.refuse(asked.ticket, InvalidRequest(detail, code=Code.AWAITING_APPROVAL, rules=rules))


def warn(draft: Draft, asked: PlaceGroup, body: str, soft: Findings) -> None:
    shown: dict[str, Any] = {}
    if asked.token:
        offer(draft, asked.token, asked.request.caller.user, body, soft)
        shown = {"confirmationToken": asked.token}
    detail = f"{sentence(soft)} Send it again with the confirmationToken if you mean it."
    refusal = InvalidRequest(detail, code=Code.CONFIRMATION_REQUIRED, rules=rules_shape(soft), **shown)
    draft.refuse(asked.ticket, refusal)
