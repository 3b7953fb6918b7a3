"""What is decided when a second person lets an order go that is kept for approval, or refuses it?

Its limits count as they are then: what has been used up meanwhile is used up. That it is more than a soft limit allows
is what he has decided on; a hard limit denies it still.
"""

from __future__ import annotations

from typing import Any

from orders.core.auditing import Audit
from orders.core.book import Phase
from orders.core.draft import Draft
from orders.core.gate.case import Case
from orders.core.gate.findings import broken, rules_shape
from orders.core.gate.judging import judge
from orders.core.holding import end_held, let_go
from orders.core.inputs import Decide
from orders.core.limits import Breach
from orders.core.outcomes import OrderReply
from orders.core.requesting import engine_away, late, stopped
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent
from orders.requests import DecideOrder
from tradingmw.errors import Code, Conflict, Forbidden, NotFound, TradingError


def decided(draft: Draft, asked: Decide) -> None:
    request, order = asked.request, draft.orders.get(asked.request.order_id)
    if error := hindrance(draft, request, order):
        draft.refuse(asked.ticket, error)
    elif order is not None:
        after = approve(draft, request, order) if request.approve else refuse(draft, request, order)
        draft.replies.append(OrderReply(asked.ticket, after, False, request.decider, 0))


def hindrance(draft: Draft, request: DecideOrder, order: OrderState | None) -> TradingError | None:
    """Why nothing can be decided now."""
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        return late()
    if order is None:
        return NotFound("There is no such order.")
    if order.final or order.held is not Held.APPROVAL:
        return Conflict(f"The order is {order.status}.", code=Code.NOT_AWAITING_APPROVAL)
    if request.decider == order.user:
        return Forbidden("Nobody decides on an order of his own.", code=Code.SECOND_PERSON_REQUIRED)
    return hindrance_on_the_way(draft, order) if request.approve else None


def hindrance_on_the_way(draft: Draft, order: OrderState) -> TradingError | None:
    """The order stays as it is, and may be decided on again."""
    if draft.link.phase is not Phase.LIVE or order.symbol not in draft.instruments:
        return engine_away()
    return stopped(draft.book.tripped) if draft.book.tripped else None


def refuse(draft: Draft, request: DecideOrder, order: OrderState) -> OrderState:
    code = Code.APPROVAL_REFUSED
    after = end_held(draft, order, OrderEvent.DENIED, code.value, {**words(request), "code": code.value})
    note(draft, request, "order.approval_refused", order, after)
    return after


def approve(draft: Draft, request: DecideOrder, order: OrderState) -> OrderState:
    if order.expires_at_us is not None and order.expires_at_us <= draft.now_us:
        after = end_held(draft, order, OrderEvent.EXPIRED, "", words(request))
        note(draft, request, "order.approved", order, after)
        return after
    case = Case(draft, order, counts_as_placed=False, only_broken=True)
    if hard := broken(judge(case), Breach.DENY):
        rules = rules_shape(hard)
        after = end_held(draft, order, OrderEvent.DENIED, hard[0].code.value, {**words(request), "rules": rules})
        note(draft, request, "order.denied", order, after, rules=rules)
    else:
        after = let_go(draft, order, words(request), reference_e8=case.reference_e8)
        note(draft, request, "order.approved", order, after)
    return after


def words(request: DecideOrder) -> dict[str, Any]:
    """As they stand in the history."""
    signed = {"signedRequest": str(request.signed)} if request.signed else {}
    return {"decidedBy": request.decider_name, "note": request.note, **signed}


def note(
    draft: Draft, request: DecideOrder, action: str, before: OrderState, after: OrderState, **more: object
) -> None:
    facts = {"clientOrderId": after.client_order_id, "symbol": after.symbol, "status": after.status.value}
    statuses = {"status": before.status.value}, {"status": after.status.value}
    draft.audits.append(
        Audit(
            request.decider,
            action,
            str(after.id),
            request.ip_address,
            {**facts, **words(request), **more},
            request.session,
            request.trace,
            *statuses,
        )
    )
