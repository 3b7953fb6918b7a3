"""What becomes of a new order after the gate has looked at it? It is sent, kept for an approval, warned of, or denied.

A hard limit denies: the order is written with its reasons, and its id is used up. A soft one leaves nothing behind but
a token by which the caller may confirm.
"""

from __future__ import annotations

from typing import Any

from bridge.wire.messages import Instrument
from orders.core.auditing import Audit, audit_of, signature
from orders.core.commands import send_new_order
from orders.core.draft import Draft
from orders.core.expiring import note_expiry
from orders.core.gate.case import Case
from orders.core.gate.confirming import body_of, offer, redeem, unconfirmed
from orders.core.gate.findings import Findings, broken, rules_shape, sentence
from orders.core.gate.judging import judge
from orders.core.holding import hold
from orders.core.inputs import Place
from orders.core.limits import Breach
from orders.core.outcomes import DeniedReply
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent
from orders.requests import PlaceOrder
from tradingmw.errors import Code, InvalidRequest


def admitted(draft: Draft, asked: Place, order: OrderState, instrument: Instrument) -> OrderState | None:
    """The order as it was sent or kept; None where the caller has been answered otherwise."""
    case = Case(draft, order, only_broken=True)
    findings, token = judge(case), asked.request.confirmation_token
    confirmation = redeem(draft, token, order.user, body_of(order)) if token else None
    if token and confirmation is None:
        refuse_token(draft, asked, case.order)
    elif hard := broken(findings, Breach.DENY):
        deny(draft, asked, case.order, hard)
    elif soft := unconfirmed(findings, confirmation):
        warn(draft, asked, case.order, soft)
    else:
        return let_in(draft, asked, case.order, instrument, findings)
    return None


def let_in(draft: Draft, asked: Place, order: OrderState, instrument: Instrument, findings: Findings) -> OrderState:
    """It counts from here on, whether it is sent at once or kept until a second person has decided."""
    request = asked.request
    soft, doubtful = broken(findings, Breach.CONFIRM), broken(findings, Breach.APPROVE)
    confirmed = {"confirmed": rules_shape(soft)} if soft else {}
    details = {**signature(request.caller), **confirmed}
    if doubtful or request.caller.needs_approval:
        order = hold(draft, order, Held.APPROVAL, {**details, "rules": rules_shape(doubtful)})
    else:
        order = draft.happen(order, OrderEvent.ACCEPTED, details=details)
        draft.client_ids.put((order.account, order.client_order_id), order.id)
        note_expiry(draft, order)
        send_new_order(draft, order, instrument)
    draft.gate.tempo.placed(order)
    draft.audits.append(with_details(audit_of(request, "order.place", order), **confirmed))
    return order


def deny(draft: Draft, asked: Place, order: OrderState, hard: Findings) -> None:
    """Written with its reasons, counted nowhere, never sent."""
    request, rules = asked.request, rules_shape(hard)
    details = {**signature(request.caller), "rules": rules}
    order = draft.happen(order, OrderEvent.DENIED, reason=hard[0].code.value, details=details)
    draft.client_ids.put((order.account, order.client_order_id), order.id)
    draft.audits.append(with_details(audit_of(request, "order.denied", order), code=order.reason, rules=rules))
    draft.counts["denied_orders"] += 1
    draft.replies.append(DeniedReply(asked.ticket, order, hard[0].code, sentence(hard), rules, request.caller.user))


def warn(draft: Draft, asked: Place, order: OrderState, soft: Findings) -> None:
    """Nothing is written of the order; that its caller was warned is."""
    rules = rules_shape(soft)
    shown: dict[str, Any] = {}
    if asked.token:
        offer(draft, asked.token, order.user, body_of(order), soft)
        shown = {"confirmationToken": asked.token}
    draft.audits.append(not_placed(asked.request, "order.warned", rules=rules))
    detail = f"{sentence(soft)} Send it again with the confirmationToken if you mean it."
    draft.refuse(asked.ticket, InvalidRequest(detail, code=Code.CONFIRMATION_REQUIRED, rules=rules, **shown))


def refuse_token(draft: Draft, asked: Place, order: OrderState) -> None:
    detail = "The confirmationToken is not, or no longer, one for this order: ask again without it."
    draft.audits.append(not_placed(asked.request, "order.confirmation_refused"))
    draft.refuse(asked.ticket, InvalidRequest(detail, code=Code.CONFIRMATION_INVALID))


def not_placed(request: PlaceOrder, action: str, **details: object) -> Audit:
    """Of an order that does not exist: by its client order id."""
    caller = request.caller
    facts = {"clientOrderId": request.client_order_id, "symbol": request.symbol, "side": request.side.value, **details}
    return Audit(
        caller.user,
        action,
        request.client_order_id,
        caller.ip_address,
        facts,
        caller.session,
        request.trace,
    )


def with_details(audit: Audit, **more: object) -> Audit:
    return audit._replace(details={**audit.details, **more}) if more else audit
