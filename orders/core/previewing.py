"""What would become of an order if it were placed now? Answered from memory: nothing is stored, and no id is used."""

from __future__ import annotations

from uuid import UUID

from orders.core.checks import check_order, checked_instrument
from orders.core.draft import Draft
from orders.core.gate.case import Case
from orders.core.gate.findings import Findings, broken, rules_shape
from orders.core.gate.judging import judge
from orders.core.inputs import Place, Preview
from orders.core.limits import Breach
from orders.core.outcomes import PreviewReply
from orders.core.requesting import engine_away, late, new_order
from orders.gate_requests import Outlook
from tradingmw.errors import Code, InvalidRequest

NOBODYS = UUID(int=0)
#: what a breach leads to, the worst first
OUTLOOKS = {
    Breach.DENY: Outlook.DENIED,
    Breach.CONFIRM: Outlook.CONFIRMATION_REQUIRED,
    Breach.APPROVE: Outlook.APPROVAL_REQUIRED,
}
CODES = {Outlook.CONFIRMATION_REQUIRED: Code.CONFIRMATION_REQUIRED, Outlook.APPROVAL_REQUIRED: Code.AWAITING_APPROVAL}


def previewed(draft: Draft, asked: Preview) -> None:
    """Whether or not the engine can be reached: what it takes is known from when it was reached last."""
    request = asked.request.order
    if asked.request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
        return
    if not draft.instruments:
        draft.refuse(asked.ticket, engine_away())
        return
    try:
        instrument = checked_instrument(request, draft.instruments)
        check_order(request, instrument, draft.now_us)
    except InvalidRequest as error:
        draft.refuse(asked.ticket, error)
        return
    order = new_order(draft, Place(asked.ticket, request, NOBODYS), instrument.exchange)
    findings = judge(Case(draft, order))
    outlook, code = outlook_of(findings, needs_approval=request.caller.needs_approval)
    draft.replies.append(PreviewReply(asked.ticket, outlook, code, rules_shape(findings)))


def outlook_of(findings: Findings, *, needs_approval: bool) -> tuple[Outlook, Code | None]:
    """And what the answer would be called."""
    for severity, outlook in OUTLOOKS.items():
        if found := broken(findings, severity):
            return outlook, CODES.get(outlook, found[0].code)
    return (Outlook.APPROVAL_REQUIRED, Code.AWAITING_APPROVAL) if needs_approval else (Outlook.ACCEPTED, None)
