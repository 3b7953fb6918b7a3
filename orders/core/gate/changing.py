"""May an order get these other terms? Only what they bring more of is held against the limits.

Whatever is wrong with a change leaves the order as it is. A soft limit may be confirmed as for a new order; what a
second person would have to approve is refused, and may be asked as an order of its own.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from orders.core.auditing import audit_of
from orders.core.draft import Draft
from orders.core.gate.case import Case
from orders.core.gate.confirming import Confirmation, offer, redeem, unconfirmed
from orders.core.gate.findings import Findings, broken, rules_shape, sentence
from orders.core.gate.judging import judge
from orders.core.inputs import Replace
from orders.core.limits import Breach
from orders.core.state import OrderState, Terms
from tradingmw.errors import Code, InvalidRequest


def change_judged(draft: Draft, asked: Replace, order: OrderState, wanted: Terms) -> Case:
    """`InvalidRequest` with `rules`, audited, where the change must not be."""
    case = Case(draft, replace(order, **wanted.changes), before=order, only_broken=True)
    findings, token = judge(case), asked.request.confirmation_token
    confirmation = confirmed(draft, asked, order, wanted) if token else None
    if hard := [*broken(findings, Breach.DENY), *broken(findings, Breach.APPROVE)]:
        raise refused(draft, asked, order, hard[0].code, hard, sentence(hard))
    if soft := unconfirmed(findings, confirmation):
        raise warned(draft, asked, order, wanted, soft)
    return case


def body_of(order: OrderState, wanted: Terms) -> str:
    return f"{order.id.hex} {wanted.quantity_e8} {wanted.price_e8} {wanted.stop_price_e8}"


def confirmed(draft: Draft, asked: Replace, order: OrderState, wanted: Terms) -> Confirmation:
    request = asked.request
    confirmation = redeem(draft, request.confirmation_token, request.caller.user, body_of(order, wanted))
    if confirmation is None:
        detail = "The confirmationToken is not, or no longer, one for this change: ask again without it."
        raise refused(draft, asked, order, Code.CONFIRMATION_INVALID, [], detail)
    return confirmation


def warned(draft: Draft, asked: Replace, order: OrderState, wanted: Terms, soft: Findings) -> InvalidRequest:
    shown: dict[str, Any] = {}
    if asked.token:
        offer(draft, asked.token, asked.request.caller.user, body_of(order, wanted), soft)
        shown = {"confirmationToken": asked.token}
    detail = f"{sentence(soft)} Send it again with the confirmationToken if you mean it."
    return refused(draft, asked, order, Code.CONFIRMATION_REQUIRED, soft, detail, **shown)


def refused(
    draft: Draft, asked: Replace, order: OrderState, code: Code, found: Findings, detail: str, **shown: Any
) -> InvalidRequest:
    rules = rules_shape(found)
    audit = audit_of(asked.request, "order.replace_denied", order, order)
    draft.audits.append(audit._replace(details={**audit.details, "code": code.value, "rules": rules}))
    return InvalidRequest(detail, code=code, rules=rules, **shown)
